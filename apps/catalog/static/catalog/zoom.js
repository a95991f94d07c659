// An item's pictures as large as the screen, side by side: scrolled, swiped, or walked with arrows. Without this file
// each picture is a link to its largest file.
(() => {
  "use strict";
  const dialog = document.getElementById("zoom");
  const links = [...document.querySelectorAll("[data-zoom]")];
  if (!dialog) return;
  const row = dialog.querySelector(".zoom__row");
  const go = (place, behavior) => row.scrollTo({ left: place * row.clientWidth, behavior });
  const step = (by) => go(Math.round(row.scrollLeft / row.clientWidth) + by, "auto");

  // The sources of the page's own picture; what is wider on a screen is fetched wider.
  const large = (link) => {
    const item = document.createElement("li");
    const picture = link.querySelector("picture").cloneNode(true);
    for (const part of picture.children) if (part.sizes) part.sizes = "100vw";
    picture.querySelector("img").loading = "eager";
    item.append(picture);
    return item;
  };
  const open = (place) => {
    if (!row.children.length) row.append(...links.map(large));
    dialog.showModal();
    history.pushState({ zoom: true }, "");
    row.focus();
    go(place, "instant");
  };
  // What a phone's Back closes; closed otherwise, it leaves no step behind.
  addEventListener("popstate", () => dialog.close());
  dialog.addEventListener("close", () => history.state?.zoom && history.back());

  links.forEach((link, place) => {
    link.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return; // another tab was asked for
      event.preventDefault();
      open(place);
    });
  });
  dialog.addEventListener("click", (event) => {
    const by = event.target.closest("[data-step]")?.dataset.step;
    if (by === "0" || !event.target.closest("button, img")) dialog.close();
    else if (by) step(Number(by));
  });
  dialog.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    event.preventDefault();
    step(by);
  });
})();
