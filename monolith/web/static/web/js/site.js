// What pages gain from JavaScript: the theme switch, menus that close, search suggestions, passwords one can read,
// secrets one can copy, the focus in the field that was refused, a word when a request fails, and the offline page. Every page works without it.
(() => {
  "use strict";
  const root = document.documentElement;
  const darkBySystem = matchMedia("(prefers-color-scheme: dark)");

  // Theme: the switch goes to the other scheme; back at the system's own, we follow the system again.
  const themeSwitch = document.querySelector("[data-theme-switch]");
  const isDark = () => (root.dataset.theme || (darkBySystem.matches ? "dark" : "light")) === "dark";
  const showTheme = () => themeSwitch?.setAttribute("aria-pressed", isDark());
  const setTheme = (theme) => {
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
    showTheme();
  };
  themeSwitch?.addEventListener("click", () => {
    const wanted = isDark() ? "light" : "dark";
    setTheme((wanted === "dark") === darkBySystem.matches ? "" : wanted);
    try {
      localStorage.setItem("theme", root.dataset.theme || "");
    } catch {}
  });
  addEventListener("storage", (event) => event.key === "theme" && setTheme(event.newValue));
  darkBySystem.addEventListener("change", showTheme);
  showTheme();

  // Menus: Escape, a click elsewhere, or the focus leaving closes them.
  const openMenus = () => document.querySelectorAll("details.menu[open]");
  addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of openMenus()) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  const closeUnless = (target) => {
    for (const menu of openMenus()) if (!menu.contains(target)) menu.open = false;
  };
  addEventListener("click", (event) => closeUnless(event.target));
  addEventListener("focusin", (event) => closeUnless(event.target));

  // Search suggestions: htmx fills the list with [role=option][data-href]; this moves through it.
  const input = document.querySelector("input[role=combobox]");
  const list = input && document.getElementById(input.getAttribute("aria-controls"));
  const options = () => [...list.querySelectorAll("[role=option]")];
  const mark = (option) => {
    for (const other of options()) other.setAttribute("aria-selected", other === option);
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
    option?.scrollIntoView({ block: "nearest" });
  };
  const show = (visible) => {
    list.hidden = !visible;
    input.setAttribute("aria-expanded", visible);
    if (!visible) mark(null);
  };
  const move = (step) => {
    const all = options();
    const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
    // One place before the first and after the last is the input itself, as in every address bar.
    const next = (at + 1 + step + all.length + 1) % (all.length + 1);
    mark(all[next - 1] ?? null);
  };
  if (input) {
    list.addEventListener("htmx:afterSwap", () => {
      mark(null); // what was marked is no longer there
      show(options().length > 0 && document.activeElement === input);
    });
    input.addEventListener("focus", () => show(options().length > 0 && input.value !== ""));
    input.addEventListener("blur", () => show(false));
    input.addEventListener("input", () => input.value.trim() || show(false));
    input.addEventListener("keydown", (event) => {
      const marked = list.querySelector("[aria-selected=true]");
      if ((event.key === "ArrowDown" || event.key === "ArrowUp") && options().length) {
        event.preventDefault();
        if (list.hidden) show(true);
        move(event.key === "ArrowDown" ? 1 : -1);
      } else if (event.key === "Enter" && marked && !list.hidden) {
        event.preventDefault();
        location.assign(marked.dataset.href);
      } else if (event.key === "Escape" && !list.hidden) {
        event.preventDefault();
        event.stopPropagation();
        show(false);
      }
    });
    list.addEventListener("mousedown", (event) => event.preventDefault()); // keeps the focus, so blur can't hide it
    list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) location.assign(option.dataset.href);
    });
    addEventListener("keydown", (event) => {
      const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
      if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      input.focus();
    });
  }

  // Passwords: seen while the eye is open.
  addEventListener("click", (event) => {
    const eye = event.target.closest?.("[data-reveal]");
    if (!eye) return;
    const secret = document.getElementById(eye.dataset.reveal);
    const visible = secret.type === "password";
    secret.type = visible ? "text" : "password";
    eye.setAttribute("aria-pressed", visible);
  });

  // What is shown once: copied, or marked where there is no clipboard.
  addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (!button) return;
    const source = document.getElementById(button.dataset.copy);
    let said = button.dataset.done;
    try {
      await navigator.clipboard.writeText(source.textContent.trim());
    } catch {
      getSelection().selectAllChildren(source);
      said = button.dataset.marked;
    }
    button.lastElementChild.textContent = button.nextElementSibling.textContent = said;
  });

  // A form that came back: to the first field that has to be seen again.
  document.querySelector("main [aria-invalid=true]")?.focus();

  // A request by htmx that failed says so, once, where it is seen and heard.
  const toast = document.getElementById("toast");
  const failed = toast?.firstElementChild.textContent;
  const say = (text) => {
    toast.firstElementChild.textContent = text;
    toast.hidden = false;
  };
  if (toast) {
    // No news is a suggestion that didn't come, nor what a page asks by itself and will ask again.
    const quiet = ({ detail: { elt } }) => elt && (elt === input || elt.matches("[hx-trigger*='every ']"));
    addEventListener("htmx:responseError", (event) => quiet(event) || say(failed));
    addEventListener("htmx:sendError", (event) => quiet(event) || say(toast.dataset.offline));
    // So does a passkey that was not given: allauth's script would tell the console alone.
    document.addEventListener("allauth.error", (event) => {
      event.preventDefault();
      say(document.getElementById("no-passkey").textContent);
    });
    toast.querySelector("button").addEventListener("click", () => (toast.hidden = true));
  }

  // "Show more" is replaced by what it brings: the focus it had goes to the first of that.
  const items = document.getElementById("items");
  let shown = 0;
  items?.addEventListener("htmx:beforeSwap", () => (shown = items.children.length));
  items?.addEventListener("htmx:afterSwap", () => {
    items.children[shown]?.querySelector("a")?.focus({ preventScroll: true });
  });

  if ("serviceWorker" in navigator && isSecureContext) {
    addEventListener("load", () => navigator.serviceWorker.register("/sw.js").catch(() => {}));
  }

  // A row of links that is wider than a phone begins where one is.
  document.querySelector(".panel-nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
})();
