"use strict";

const at = id => document.getElementById(id);
let file, request = 0;

fetch("model").then(r => r.json()).then(model => {
  at("model").textContent = `${model.network}, ${model.classes.length} classes: ${model.classes.slice(0, 8).join(", ")}${model.classes.length > 8 ? ", …" : ""}`;
});

at("file").addEventListener("change", () => { show(at("file").files[0]); at("file").value = ""; });
for (const type of ["dragover", "dragleave", "drop"])
  document.addEventListener(type, event => {
    event.preventDefault();
    at("drop").classList.toggle("over", type === "dragover");
    if (type === "drop")
      show(event.dataTransfer.files[0]);
  });
document.addEventListener("paste", event => show(event.clipboardData.files[0]));
at("drop").addEventListener("keydown", event => {
  if (event.key === "Enter" || event.key === " ")
    at("file").click();
});

async function show(chosen) {
  if (!chosen)
    return;
  file = chosen;
  const mine = ++request;
  at("drop").classList.add("busy");
  at("problem").hidden = true;
  try {
    const classes = await (await send("classify?top=5")).json();
    if (mine !== request)
      return;
    put("image", file);
    list(classes);
    await explain(classes[0].label);
    at("result").hidden = false;
  } catch (error) {
    at("result").hidden = true;
    at("problem").textContent = error.message;
    at("problem").hidden = false;
  } finally {
    if (mine === request)
      at("drop").classList.remove("busy");
  }
}

async function explain(label) {
  const mine = request;
  const heat = await (await send(`explain?side=448&className=${encodeURIComponent(label)}`)).blob();
  if (mine !== request)
    return;
  put("heat", heat);
  at("caption").textContent = `What speaks for “${label}”`;
  for (const button of at("classes").querySelectorAll("button"))
    button.setAttribute("aria-pressed", button.dataset.label === label);
}

async function send(path) {
  const answer = await fetch(path, { method: "POST", body: file, headers: { "Content-Type": file.type || "application/octet-stream" } });
  if (answer.ok)
    return answer;
  const problem = await answer.json().catch(() => ({}));
  throw new Error(problem.detail || problem.title || `The server answered ${answer.status}.`);
}

function put(id, blob) {
  URL.revokeObjectURL(at(id).src);
  at(id).src = URL.createObjectURL(blob);
}

function list(classes) {
  at("classes").replaceChildren(...classes.map(entry => {
    const button = document.createElement("button"), bar = document.createElement("progress");
    const name = document.createElement("span"), share = document.createElement("span");
    button.type = "button";
    button.dataset.label = entry.label;
    bar.max = 1;
    bar.value = entry.probability;
    bar.setAttribute("aria-hidden", "true");
    name.textContent = entry.label;
    share.textContent = `${(100 * entry.probability).toFixed(1)} %`;
    share.className = "share";
    button.append(bar, name, share);
    button.addEventListener("click", () => explain(entry.label).catch(error => {
      at("problem").textContent = error.message;
      at("problem").hidden = false;
    }));
    const item = document.createElement("li");
    item.append(button);
    return item;
  }));
}
