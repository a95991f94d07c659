// The tree of categories: dragged by a handle, moved by the arrow keys on it; each move is told and saved at once.
(() => {
  "use strict";
  const KEYS = { ArrowUp: "up", ArrowDown: "down", ArrowRight: "in", ArrowLeft: "out" };
  const said = document.getElementById("tree-said");
  const tree = () => document.getElementById("tree");
  const row = (node) => node?.closest?.("#tree li");

  const notices = (page) => page.querySelector(".notices");
  const show = (page) => {
    tree().replaceWith(page.getElementById("tree"));
    notices(document)?.remove();
    const now = notices(page);
    if (!now) return;
    document.querySelector("main .page").prepend(now);
    now.querySelectorAll("[role=status]").forEach((each) => each.removeAttribute("role")); // the line below says it
    said.textContent = now.textContent.trim();
  };

  let busy = false;
  const move = async (id, where) => {
    if (busy) return;
    busy = true;
    const sent = new FormData(tree());
    sent.set("move", `${id}:${where}`);
    try {
      const answer = await fetch(tree().action, { method: "POST", body: sent });
      if (!answer.ok) throw new Error(answer.status);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (!page.getElementById("tree")) throw new Error("no tree");
      show(page);
      const grip = document.querySelector(`#category-${id} .tree__grip`);
      grip?.focus({ preventScroll: true });
      grip?.scrollIntoView({ block: "nearest" });
    } catch {
      location.reload(); // signed out, or away: the page that comes says what it is
    } finally {
      busy = false;
    }
  };

  addEventListener("keydown", (event) => {
    if (!event.target.closest?.(".tree__grip") || !KEYS[event.key]) return;
    event.preventDefault();
    move(row(event.target).dataset.id, KEYS[event.key]);
  });
  addEventListener("submit", (event) => {
    if (event.target !== tree() || !event.submitter) return;
    event.preventDefault();
    const [id, where] = event.submitter.value.split(":");
    move(id, where);
  });

  // Dragging, with a mouse, a pen or a finger: over the upper third of a row means before it, the lower after, else in.
  let dragged = null;
  let goal = null;
  const unmark = () => document.querySelectorAll("[data-drop]").forEach((each) => delete each.dataset.drop);
  const over = (event) => {
    const line = document.elementFromPoint(event.clientX, event.clientY)?.closest(".tree__row");
    const other = row(line);
    unmark();
    goal = null;
    if (!other || dragged.contains(other)) return;
    const box = line.getBoundingClientRect();
    const at = (event.clientY - box.top) / box.height;
    goal = { id: other.dataset.id, how: at < 0.33 ? "before" : at > 0.67 ? "after" : "inside" };
    line.dataset.drop = goal.how;
  };
  const end = (drop) => {
    if (!dragged) return;
    dragged.classList.remove("is-dragged");
    unmark();
    if (drop && goal) move(dragged.dataset.id, `${goal.how}:${goal.id}`);
    dragged = goal = null;
  };
  addEventListener("pointerdown", (event) => {
    const grip = event.target.closest?.(".tree__grip");
    if (!grip || event.button) return;
    dragged = row(grip);
    dragged.classList.add("is-dragged");
    grip.setPointerCapture(event.pointerId);
  });
  addEventListener("pointermove", (event) => dragged && over(event));
  addEventListener("pointerup", () => end(true));
  addEventListener("pointercancel", () => end(false));
  addEventListener("keydown", (event) => event.key === "Escape" && end(false));
})();
