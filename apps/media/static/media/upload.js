// Uploads by dropping or choosing: two at a time, each with its progress, cancel and another try. Without this file
// the same form sends all files at once.
(() => {
  "use strict";
  const form = document.getElementById("upload");
  if (!form) return;
  const { api, uploads, finish, megabytes, library } = form.dataset;
  let straight = Boolean(uploads);
  const input = form.querySelector("input[type=file]");
  const list = form.querySelector(".uploads");
  const template = form.querySelector("template");
  const token = form.querySelector("[name=csrfmiddlewaretoken]").value;
  const said = document.getElementById("uploads-said");
  const AT_ONCE = 2;
  const AGAIN = ["media.no_room", "media.not_arrived"]; // what may succeed when it is sent once more
  const waiting = [];
  let running = 0;

  const add = (file) => {
    const row = template.content.cloneNode(true).firstElementChild;
    const upload = { file, row, status: row.querySelector(".status"), bar: row.querySelector("progress"), request: null };
    row.querySelector(".uploads__name").textContent = file.name;
    upload.bar.setAttribute("aria-label", file.name);
    for (const button of row.querySelectorAll("button")) button.setAttribute("aria-label", `${button.textContent}: ${file.name}`);
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

  const send = async (upload) => {
    const { status } = upload;
    running += 1;
    show(upload, "working", status.dataset.sending);
    try {
      const { status: code, response } = await (straight ? sendStraight(upload) : sendHere(upload));
      const answer = response || {};
      if (code === 201) end(upload, "ready", status.dataset.kept);
      else if (code === 200) end(upload, "ready", status.dataset.known);
      else end(upload, "failed", answer.detail || status.dataset.failed, code >= 500 || AGAIN.includes(answer.code));
    } catch (why) {
      if (why === "abort") end(upload, "cancelled", status.dataset.cancelled, true);
      else end(upload, "failed", status.dataset.failed, true);
    }
    running -= 1;
    if (!running && !waiting.length) refresh();
    next();
  };

  const sendHere = (upload) => {
    const body = new FormData();
    body.append("file", upload.file);
    return post(upload, api, body, { "X-CSRFToken": token });
  };

  // To the bucket, and then the site is told. Where the bucket can't be reached from here, through the site.
  const sendStraight = async (upload) => {
    const begun = await tell(upload, uploads, { file_name: upload.file.name, bytes: upload.file.size });
    if (begun.status !== 201) return begun;
    const body = new FormData();
    for (const [name, value] of Object.entries(begun.response.fields)) body.append(name, value);
    body.append("file", upload.file);
    const sent = await post(upload, begun.response.url, body, {}).catch((why) => {
      if (why === "abort") throw why;
      return null;
    });
    if (sent?.status >= 200 && sent.status < 300) return tell(upload, finish, { upload: begun.response.upload });
    straight = false;
    return sendHere(upload);
  };

  const tell = (upload, url, told) =>
    post(upload, url, JSON.stringify(told), { "X-CSRFToken": token, "Content-Type": "application/json" });

  const post = (upload, url, body, headers) =>
    new Promise((resolve, reject) => {
      const request = (upload.request = new XMLHttpRequest());
      if (body instanceof FormData) request.upload.addEventListener("progress", (event) => progress(upload, event));
      request.addEventListener("load", () => resolve(request));
      request.addEventListener("error", () => reject("error"));
      request.addEventListener("abort", () => reject("abort"));
      request.open("POST", url);
      request.responseType = "json";
      for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
      request.send(body);
    });

  const progress = (upload, { loaded, total }) => {
    const { sending, looking } = upload.status.dataset;
    const percent = Math.floor((100 * loaded) / total);
    upload.bar.value = percent;
    show(upload, "working", loaded < total ? `${sending} · ${percent} %` : looking);
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

  // Said aloud is how each one ended; how far it is can be seen.
  const end = (upload, state, text, mayRetry) => {
    const again = upload.row.querySelector("[data-do=again]");
    const hadFocus = upload.row.contains(document.activeElement);
    show(upload, state, text);
    upload.bar.value = 0;
    again.hidden = !mayRetry;
    said.textContent = `${upload.file.name}: ${text}`;
    if (hadFocus) (mayRetry ? again : input).focus();
  };

  // The library as it is now; what is uploaded needs no row of its own any more. One at a time: the next one swaps what
  // the last one put there.
  let refreshed = Promise.resolve();
  const refresh = () => (refreshed = refreshed.catch(() => {}).then(showLibrary));
  const showLibrary = async () => {
    await htmx.ajax("GET", new URLSearchParams(location.search).has("find") ? location.href : library, { target: "#library", select: "#library", swap: "outerHTML" });
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
