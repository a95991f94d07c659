// Hearts on pages that are the same for everybody: which are on comes from /menu in one request, a click changes it there
// and then. For people who are not signed in, and without JavaScript, a heart stays the link that it is.
(() => {
  "use strict";
  let token = "";
  const hearts = (id) => document.querySelectorAll(`.heart[data-item="${id}"]`);
  const set = (id, on) => hearts(id).forEach((heart) => {
    heart.setAttribute("role", "button");
    heart.setAttribute("aria-pressed", on);
  });
  const isOn = (heart) => heart.getAttribute("aria-pressed") === "true";

  const ask = async () => {
    const unknown = [...document.querySelectorAll(".heart:not([aria-pressed])")].map((heart) => heart.dataset.item);
    const items = [...new Set(unknown)];
    if (!items.length || !document.querySelector("[data-signed-in]")) return;
    const answer = await fetch(`/menu?items=${items.slice(0, 200).join(",")}`).catch(() => null);
    const said = answer?.ok ? await answer.json().catch(() => ({})) : {};
    if (!said.favourites) return; // signed out meanwhile
    token = said.token;
    const on = new Set(said.favourites);
    for (const item of items) set(item, on.has(item));
  };

  const toggle = async (heart) => {
    const id = heart.dataset.item;
    const on = !isOn(heart);
    set(id, on);
    const body = new URLSearchParams({ keep: on ? "1" : "0" });
    const headers = { "X-CSRFToken": token, "X-Within-Page": "1" };
    const answer = await fetch(heart.href, { method: "POST", body, headers }).catch(() => null);
    if (answer?.status === 204) return;
    set(id, !on);
    if (answer) location.assign(heart.href); // signed out meanwhile, withdrawn, too many: the page says which
    else dispatchEvent(new CustomEvent("htmx:sendError", { detail: {} })); // offline: site.js says so
  };

  addEventListener("click", (event) => {
    const heart = event.target.closest?.(".heart[aria-pressed]");
    if (!heart || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    toggle(heart);
  });
  addEventListener("keydown", (event) => {
    if (event.key !== " " || !event.target.matches?.(".heart[aria-pressed]")) return;
    event.preventDefault();
    toggle(event.target);
  });
  addEventListener("htmx:afterSettle", ask);
  ask();
})();
