// Runs before the first paint, so that a chosen colour scheme never flashes. The rest is in site.js.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen) root.dataset.theme = chosen;
  } catch {} // storage refused: the system's scheme it is
})();
