// Uploads by dropping or choosing: two at a time, each with its progress, cancel and another try. Without this file
// the same form sends all files at once.
(() => {
  "use strict";
  const form = document.getElementById("upload");
  if (!form) return;
  const { api, megabytes, library } = form.dataset;
  const input = form.querySelector("input[type=file]");
  const list = form.querySelector(".uploads");
  const template = form.querySelector("template");
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const AT_ONCE = 2;
  const waiting = [];
  let running = 0;

  const add = (file) => {
    const row = template.content.cloneNode(true).firstElementChild;
    const upload = { file, row, status: row.querySelector(".status"), bar: row.querySelector("progress"), request: null };
    row.querySelector(".uploads__name").textContent = file.name;
    upload.bar.setAttribute("aria-label", file.name);
    row.querySelector("[data-do=cancel]").addEventListener("click", () => cancel(upload));
    row.querySelector("[data-do=again]").addEventListener("click", () => enqueue(upload));
    list.append(row);
    if (file.size > megabytes * 1e6) end(upload, "failed", upload.status.dataset.tooLarge);
    else enqueue(upload);
  };

  const enqueue = (upload) => {
    show(upload, "working", upload.status.dataset.waiting);
    waiting.push(upload);
    next();
  };

  const next = () => {
    while (running < AT_ONCE && waiting.length) send(waiting.shift());
  };

  const send = (upload) => {
    const { status, bar } = upload;
    const request = (upload.request = new XMLHttpRequest());
    const over = (state, text, mayRetry) => {
      running -= 1;
      end(upload, state, text, mayRetry);
      if (!running && !waiting.length) refresh();
      next();
    };
    running += 1;
    show(upload, "working", status.dataset.sending);
    request.upload.addEventListener("progress", (event) => {
      bar.value = (100 * event.loaded) / event.total;
      show(upload, "working", event.loaded < event.total ? status.dataset.sending : status.dataset.looking);
    });
    request.addEventListener("load", () => {
      const answer = request.response || {};
      if (request.status === 201) over("ready", status.dataset.kept);
      else if (request.status === 200) over("ready", status.dataset.known);
      else over("failed", answer.detail || status.dataset.failed, request.status >= 500);
    });
    request.addEventListener("error", () => over("failed", status.dataset.failed, true));
    request.addEventListener("abort", () => over("cancelled", status.dataset.cancelled, true));
    request.open("POST", api);
    request.responseType = "json";
    request.setRequestHeader("X-CSRFToken", token);
    const body = new FormData();
    body.append("file", upload.file);
    request.send(body);
  };

  const cancel = (upload) => {
    const at = waiting.indexOf(upload);
    if (at < 0) return upload.request.abort();
    waiting.splice(at, 1);
    end(upload, "cancelled", upload.status.dataset.cancelled, true);
  };

  const show = ({ row, status, bar }, state, text) => {
    status.className = `status status--${state}`;
    status.textContent = text;
    bar.hidden = state !== "working";
    row.querySelector("[data-do=cancel]").hidden = state !== "working";
    row.querySelector("[data-do=again]").hidden = true;
  };

  const end = (upload, state, text, mayRetry) => {
    const button = upload.row.querySelector("[data-do=again]");
    show(upload, state, text);
    upload.bar.value = 0;
    button.hidden = !mayRetry;
  };

  // The library as it is now; what is uploaded needs no row of its own any more.
  const refresh = async () => {
    await htmx.ajax("GET", new URLSearchParams(location.search).has("q") ? location.href : library, { target: "#library", select: "#library", swap: "outerHTML" });
    for (const done of list.querySelectorAll(".status--ready")) {
      if (done.textContent === done.dataset.kept) done.closest("li").remove();
    }
  };

  // Whoever chooses again has read what was said of the last ones.
  const addAll = (files) => {
    for (const row of list.querySelectorAll("li:has([data-do=cancel][hidden]):has([data-do=again][hidden])")) row.remove();
    for (const file of files) add(file);
  };

  input.addEventListener("change", () => {
    addAll(input.files);
    input.value = "";
  });
  addEventListener("dragover", (event) => {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    form.classList.add("dropzone--over");
  });
  addEventListener("dragleave", (event) => event.relatedTarget || form.classList.remove("dropzone--over"));
  addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    form.classList.remove("dropzone--over");
    addAll(event.dataTransfer.files);
  });
  addEventListener("beforeunload", (event) => (running || waiting.length) && event.preventDefault());
})();
