// The editor's shelf of pictures: a click on one gives it the next place, or takes it out and closes the gap.
const shelf = document.getElementById("shelf");

const fields = () => [...shelf.querySelectorAll("input[name^='place-']")];
const placed = () => fields().filter((field) => field.value.trim()).sort((a, b) => a.value - b.value);

function mark() {
  for (const field of fields()) {
    const place = field.value.trim();
    const item = field.closest("li");
    item.classList.toggle("is-chosen", Boolean(place));
    item.querySelector(".shelf__picture").setAttribute("aria-pressed", String(Boolean(place)));
  }
}

shelf?.addEventListener("click", (event) => {
  const button = event.target.closest(".shelf__picture");
  if (!button) return;
  const field = button.closest("li").querySelector("input");
  field.value = field.value.trim() ? "" : String(placed().length + 1);
  placed().forEach((each, index) => { each.value = String(index + 1); });
  mark();
});
shelf?.addEventListener("input", mark);
document.addEventListener("htmx:afterSwap", () => shelf && mark());
if (shelf) mark();
