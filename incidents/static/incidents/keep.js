// Saves what is typed on a screen before its button is pressed, so that a link, the back button or an empty battery
// loses nothing. Without this script, the buttons save it. Saves are numbered, and the server ignores late ones.
(() => {
  "use strict";
  const form = document.querySelector("form[data-keep]");
  const status = document.querySelector("[data-saved]");
  const trouble = document.querySelector("[data-trouble]");
  if (!form || !status || !window.fetch) return;
  const PAUSE = 1200;
  const LONGEST_WAIT = 30000;
  const CHANGED = 409;
  const stroke = document.createElement("input");
  stroke.type = "hidden";
  stroke.name = "trait";
  stroke.value = "0";
  form.append(stroke);
  let timer = 0;
  let wait = PAUSE;
  let busy = false;
  let over = false;
  let signedOut = false;
  let posted = null; // what the button posted

  const readFields = () => new URLSearchParams(new FormData(form));
  function serializeForm() {
    const words = readFields();
    for (const name of ["version", "trait"]) words.delete(name);
    return String(words);
  }
  let saved = serializeForm();

  const say = (words) => { if (trouble.textContent !== words) trouble.textContent = words; };
  const incrementStroke = () => { stroke.value = Number(stroke.value) + 1; };
  // A save that repeats what the button posted repeats its number, so that the server does not keep it once more.
  function numberFields() {
    if (serializeForm() !== posted) incrementStroke();
    return readFields();
  }

  function scheduleSave(pause) {
    clearTimeout(timer);
    timer = setTimeout(keep, pause);
  }

  async function keep() {
    const words = serializeForm();
    if (busy || over || words === saved) return;
    busy = true;
    const answer = await fetch(form.dataset.keep, { method: "POST", body: numberFields() }).catch(() => null);
    busy = false;
    const isJson = (answer?.headers.get("Content-Type") || "").startsWith("application/json");
    if (answer && answer.ok && isJson) return confirmSaved(await answer.json(), words);
    if (answer && answer.redirected && trouble.dataset.signIn) return askToSignIn(answer.url);
    if (answer && answer.status < 500) return stop(answer.status, isJson ? (await answer.json()).message : "");
    say("Pas encore enregistré : la ligne est coupée. Nous réessayons.");
    wait = Math.min(wait * 2, LONGEST_WAIT);
    scheduleSave(wait);
  }

  function confirmSaved({ version, message }, words) {
    saved = words;
    wait = PAUSE;
    if (form.elements.version) form.elements.version.value = version;
    status.textContent = message;
    say("");
    if (serializeForm() !== saved) scheduleSave(PAUSE);
  }

  function stop(code, message) {
    over = true;
    say(message || (code === CHANGED
      ? "Cet écran a été rempli ailleurs. Continuez : vous verrez les deux versions."
      : "Pas encore enregistré. Continuez : ce que vous avez écrit part avec le bouton."));
  }

  function askToSignIn(address) {
    signedOut = true;
    status.textContent = "";
    say(trouble.dataset.signIn);
    const door = new URL(address);
    door.searchParams.set("next", location.pathname);
    const link = { href: door, target: "_blank", rel: "noopener", textContent: trouble.dataset.signInLink };
    trouble.append(" ", Object.assign(document.createElement("a"), link));
  }

  // A post would lose what was typed if nobody is signed in. After somebody has signed in elsewhere, the form needs the
  // CSRF token of the new session.
  async function sendOnceSignedIn(button) {
    const answer = await fetch(location.href).catch(() => null);
    if (!answer) return say("La ligne est coupée : rien n’est parti. Ce que vous avez écrit reste ici.");
    if (answer.redirected || !answer.ok) return askToSignIn(answer.url);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    form.elements.csrfmiddlewaretoken.value = page.querySelector("form[data-keep] [name=csrfmiddlewaretoken]").value;
    signedOut = false;
    form.requestSubmit(button);
  }

  function leave() {
    const words = serializeForm();
    if (!over && words !== saved && navigator.sendBeacon(form.dataset.keep, numberFields())) saved = words;
  }

  form.addEventListener("input", () => scheduleSave(wait));
  form.addEventListener("submit", (event) => {
    if (signedOut) {
      event.preventDefault();
      return sendOnceSignedIn(event.submitter);
    }
    incrementStroke();
    posted = serializeForm();
    over = true;
  });
  addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") leave(); });
  addEventListener("pageshow", (event) => { if (event.persisted) over = false; });
})();
