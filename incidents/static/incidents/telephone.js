/* Makes the form of a call faster: bodies are listed while somebody types, Enter goes on, Ctrl+Enter sends. */
"use strict";

const sheet = document.querySelector(".call-sheet__form");
const box = document.getElementById("id_body");
const listStatus = document.getElementById("id_body_status");
const services = sheet.querySelector(".call-sheet__fold");
const wide = matchMedia("(min-width: 60rem)");
const list = document.createElement("ul");
const bodyField = document.createElement("input");
const send = document.getElementById("envoyer");
const SAVE = "Enregistrer";
const WAIT = 150;
let bodies = [];
let at = -1;
let timer = 0;
let searches = 0;

function prepare() {
  const resultArea = sheet.querySelector(".finder__found");
  const chosen = sheet.querySelector("[name=collectivite]:checked");
  Object.assign(bodyField, { type: "hidden", name: "collectivite", value: chosen ? chosen.value : "" });
  Object.assign(list, { id: "id_body_list", className: "finder__list", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "Collectivités trouvées");
  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-expanded", "false");
  box.setAttribute("aria-controls", list.id);
  box.parentElement.append(list);
  if (!resultArea || chosen) {
    sheet.append(bodyField);
    if (resultArea) { say(resultArea.querySelector("label").textContent); resultArea.remove(); }
  }
  sheet.querySelector(".finder__button").hidden = true;
}

function say(name) {
  listStatus.textContent = `Choisie : ${name.replace(/\s+/g, " ").trim()}`;
}

function open(isOpen) {
  list.hidden = !isOpen;
  box.setAttribute("aria-expanded", String(isOpen));
  if (!isOpen) { at = -1; box.removeAttribute("aria-activedescendant"); }
}

async function search() {
  const turn = ++searches;
  const words = box.value.trim();
  if (words.length < 2) { open(false); return; }
  let results = [];
  try {
    const answer = await fetch(`${sheet.dataset.bodies}?q=${encodeURIComponent(words)}`);
    if (answer.ok) results = (await answer.json()).results;
  } catch { listStatus.textContent = "La recherche ne répond pas. Tapez la suite : le serveur cherchera à l’envoi."; }
  if (turn === searches && document.activeElement === box) show(results.slice(0, 10));
}

function show(results) {
  bodies = results;
  at = -1;
  list.replaceChildren(...bodies.map(makeOption));
  listStatus.textContent = bodies.length ? `${bodies.length} ${bodies.length > 1 ? "trouvées" : "trouvée"}, flèche bas pour choisir` : "Rien ne répond à ce nom.";
  open(bodies.length > 0);
}

function makeOption(body, number) {
  const line = document.createElement("li");
  const where = document.createElement("small");
  line.id = `id_body_${number}`;
  line.setAttribute("role", "option");
  line.textContent = `${body.name} `;
  where.textContent = [body.departement && body.departement.name, body.siren].filter(Boolean).join(", ");
  line.append(where);
  line.addEventListener("mousedown", (event) => { event.preventDefault(); choose(number); });
  return line;
}

function selectLine(to) {
  at = (to + bodies.length) % bodies.length;
  [...list.children].forEach((line, number) => line.setAttribute("aria-selected", String(number === at)));
  box.setAttribute("aria-activedescendant", list.children[at].id);
  list.children[at].scrollIntoView({ block: "nearest" });
}

function choose(number) {
  const body = bodies[number];
  sheet.querySelector(".finder__found")?.remove();
  sheet.append(bodyField);
  bodyField.value = body.id;
  box.value = body.name;
  document.getElementById("id_body_asked").value = body.name;
  say(list.children[number].textContent);
  offer(body.kind);
  open(false);
  warn();
}

/* Show early what the server would say after the call: a case is already open, or another centre answers. */
async function warn() {
  const data = new FormData();
  const body = bodyField.value;
  for (const name of ["csrfmiddlewaretoken", "contact_phone"]) data.set(name, sheet.elements[name].value);
  data.set("collectivite", body);
  data.set("body", box.value);
  data.set("body_asked", box.value);
  data.set("prevenir", "oui");
  const answer = await fetch(location.pathname, { method: "POST", body: data }).catch(() => null);
  if (!answer?.ok || answer.redirected || bodyField.value !== body) return; // the server says it once the sheet is sent
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (bodyField.value === body) showWarnings([...page.querySelectorAll("[data-save]")]);
}

function showWarnings(fresh) {
  for (const old of sheet.querySelectorAll("[data-save]")) old.remove();
  send.parentElement.prepend(...fresh);
  send.textContent = fresh.length ? fresh[0].dataset.save.trim() : SAVE;
  if (fresh.length) listStatus.textContent += `. ${fresh.map((warning) => warning.querySelector("h2").textContent.trim()).join(". ")}.`;
}

/* Show the services of this kind of body. A service that was answered stays visible. */
function offer(kind) {
  for (const row of sheet.querySelectorAll(".services__row")) {
    const runs = row.dataset.kinds.split(" ").includes(kind);
    row.hidden = !runs && !row.querySelector("select").value;
  }
}

/* Fold the long list on a narrow screen, unless something in it was answered. */
function fold() {
  const answered = [...services.querySelectorAll("select")].some((select) => select.value);
  services.open = wide.matches || answered;
}

function handleKeyInBox(event) {
  if (list.hidden) {
    if (event.key === "ArrowDown" && bodies.length) { event.preventDefault(); open(true); selectLine(0); }
    return false;
  }
  if (event.key === "ArrowDown") selectLine(at + 1);
  else if (event.key === "ArrowUp") selectLine(at < 0 ? -1 : at - 1);
  else if (event.key === "Escape") open(false);
  else if (event.key === "Enter") choose(Math.max(at, 0));
  else {
    if (event.key === "Tab") { if (at >= 0) choose(at); else open(false); }
    return false;
  }
  event.preventDefault();
  return event.key !== "Enter";
}

function focusNext(from) {
  const stops = [...sheet.querySelectorAll("input:not([type=hidden]), select, textarea, button, summary")];
  const open = stops.filter((stop) => stop.checkVisibility());
  open[open.indexOf(from) + 1]?.focus();
}

sheet.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    sheet.requestSubmit(document.getElementById("envoyer"));
    return;
  }
  if (event.target === box && handleKeyInBox(event)) return;
  if (event.key !== "Enter" || event.isComposing || event.target.matches("textarea, button, summary")) return;
  event.preventDefault();
  focusNext(event.target);
});
wide.addEventListener("change", fold);
fold();
if (box) { // none where the body is known: the sheet of a case
  box.addEventListener("input", () => {
    bodyField.value = "";
    showWarnings([]);
    clearTimeout(timer);
    timer = setTimeout(search, WAIT);
  });
  box.addEventListener("blur", () => open(false));
  prepare();
}
