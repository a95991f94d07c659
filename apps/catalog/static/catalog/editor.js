// The form of an item: pictures put into order by dragging, arrows or keys, rows of attributes moved and taken out,
// and a word before what was typed is left behind. Without JavaScript pictures have numbers and rows are emptied.
(() => {
  "use strict";
  const form = document.getElementById("item-form");
  const by = (id) => document.getElementById(id);
  const place = (li) => li.querySelector("input[name^='place-']");
  const chosen = () => [...by("chosen").children];

  // Pictures: those with a number stand in #chosen, in order; the rest lie on the shelf.
  const renumber = () => {
    chosen().forEach((li, index) => {
      place(li).value = String(index + 1);
      label(li, "move");
    });
    by("chosen").hidden = !by("chosen").children.length;
  };
  const label = (li, which) => {
    const button = li.querySelector(".shelf__picture");
    button.setAttribute("aria-label", button.dataset[which]);
  };
  const say = (text, li) => {
    const facts = { title: li.dataset.title, place: place(li).value, number: chosen().length };
    by("said").textContent = text.replace(/{(\w+)}/g, (_all, name) => facts[name]);
  };
  const moved = (li) => {
    renumber();
    say(by("pictures").dataset.moved, li);
  };
  const choose = (li) => {
    by("chosen").append(li);
    moved(li);
    li.querySelector(".shelf__picture").focus();
  };
  const takeOut = (li) => {
    const next = li.nextElementSibling ?? li.previousElementSibling;
    place(li).value = "";
    by("shelf").prepend(li);
    label(li, "choose");
    renumber();
    say(by("pictures").dataset.taken, li);
    (next ?? li).querySelector(".shelf__picture").focus();
  };
  const step = (li, by_, focused) => {
    const other = by_ < 0 ? li.previousElementSibling : li.nextElementSibling;
    if (!other) return;
    if (by_ < 0) other.before(li);
    else other.after(li);
    moved(li);
    focused.focus();
  };
  const arrange = () => {
    if (!by("chosen") || by("chosen").children.length) return;
    const numbered = [...by("shelf").children].filter((li) => place(li)?.value.trim());
    numbered.sort((a, b) => place(a).value - place(b).value);
    by("chosen").append(...numbered);
    renumber();
  };

  // Pictures that were only looked at aren't sent: a form takes a thousand fields, and a library may have more.
  form.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) if (name.startsWith("place-") && !value) formData.delete(name);
  });

  addEventListener("click", (event) => {
    const button = event.target.closest?.("#pictures button");
    const li = button?.closest("li") ?? event.target.closest?.("#shelf > li[data-title]");
    if (!li) return;
    if (!button) return choose(li);
    if (button.dataset.step === "out") takeOut(li);
    else if (button.dataset.step) step(li, Number(button.dataset.step), button);
    else if (button.matches("#shelf .shelf__picture")) choose(li);
  });
  addEventListener("keydown", (event) => {
    const button = event.target.closest?.("#chosen .shelf__picture");
    const ways = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };
    if (!button) return;
    if (ways[event.key]) step(button.closest("li"), ways[event.key], button);
    else if (event.key === "Delete" || event.key === "Backspace") takeOut(button.closest("li"));
    else return;
    event.preventDefault();
  });
  let dragged = null; // by mouse or pen: a finger scrolls the page, and has the arrows
  addEventListener("pointerdown", (event) => {
    const button = event.target.closest?.("#chosen .shelf__picture");
    if (!button || event.button || event.pointerType === "touch") return;
    dragged = button.closest("li");
    dragged.classList.add("is-dragged");
    button.setPointerCapture(event.pointerId);
  });
  addEventListener("pointermove", (event) => {
    if (!dragged) return;
    const other = document.elementFromPoint(event.clientX, event.clientY)?.closest("#chosen > li");
    if (!other || other === dragged) return;
    const box = other.getBoundingClientRect();
    const isAfter = chosen().indexOf(other) > chosen().indexOf(dragged);
    const middle = box.left + box.width / 2;
    if (isAfter && event.clientX > middle) other.after(dragged);
    else if (!isAfter && event.clientX < middle) other.before(dragged);
  });
  for (const name of ["pointerup", "pointercancel"]) {
    addEventListener(name, () => {
      if (!dragged) return;
      dragged.classList.remove("is-dragged");
      moved(dragged);
      dragged = null;
    });
  }

  // Attributes
  addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-row]");
    const row = button?.closest(".fact-row");
    if (!row) return;
    const before = row.previousElementSibling;
    if (button.dataset.row === "out") {
      const next = row.nextElementSibling?.querySelector("input") ?? before?.querySelector("input");
      row.remove();
      next?.focus();
    } else if (before?.matches(".fact-row")) {
      before.before(row);
      button.focus();
    }
  });

  // Enter saves, but where one looks for something it looks for it.
  addEventListener("keydown", (event) => {
    const place = event.key === "Enter" && event.target.closest?.(".editor-find");
    if (!place) return;
    event.preventDefault();
    place.querySelector("button").click();
  });

  // What was typed: compared with what the form held, but for empty fields and the token.
  const held = () => {
    const fields = [...new FormData(form)].filter(([name, value]) => value !== "" && !/^(csrf|find-|fact-kind)/.test(name));
    return JSON.stringify(fields);
  };
  arrange();
  if (!form) return;
  const before = held();
  let leaving = false;
  addEventListener("submit", (event) => {
    leaving = event.target === form && event.submitter?.formTarget !== "_blank";
  });
  addEventListener("beforeunload", (event) => {
    if (!leaving && ("unsaved" in form.dataset || held() !== before)) event.preventDefault();
  });
  addEventListener("htmx:afterSettle", arrange);
})();
