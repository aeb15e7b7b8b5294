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
  const FORBIDDEN = 403;
  const CHANGED = 409;
  const TOO_LONG = 413;
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
    let answer = await post();
    if (answer?.status === FORBIDDEN) answer = await postAgain(answer);
    busy = false;
    if (answer === undefined) return;
    const isJson = (answer?.headers.get("Content-Type") || "").startsWith("application/json");
    if (answer && answer.ok && isJson) return confirmSaved(await answer.json(), words);
    if (answer && answer.redirected && trouble.dataset.signIn) return askToSignIn(answer.url);
    if (answer && answer.status < 500) return explainRefusal(answer.status, isJson ? (await answer.json()).message : "", words);
    say("Pas encore enregistré : la ligne est coupée. Nous réessayons.");
    wait = Math.min(wait * 2, LONGEST_WAIT);
    scheduleSave(wait);
  }

  // The token was refused: return the answer to a second post, or the page that asks to sign in. If another person has
  // signed in, say so and return nothing.
  async function postAgain(answer) {
    const page = await fetchPage();
    if (page?.redirected) return page;
    if (await takeFreshToken(page)) return post();
    if (!page?.ok || !trouble.dataset.otherPerson) return answer;
    signedOut = true;
    status.textContent = "";
    say(trouble.dataset.otherPerson);
    return undefined;
  }

  const post = () => fetch(form.dataset.keep, { method: "POST", body: numberFields() }).catch(() => null);
  const fetchPage = () => fetch(location.href).catch(() => null);

  // After its person has signed in again elsewhere, the form needs the CSRF token of the new session. Take it from this
  // page, fetched again, and tell whether there was one. A page for another person gives none.
  async function takeFreshToken(answer) {
    if (!answer?.ok || answer.redirected) return false;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const token = page.querySelector("form[data-keep] [name=csrfmiddlewaretoken]");
    if (!token || page.querySelector("[data-trouble]")?.dataset.person !== trouble.dataset.person) return false;
    form.elements.csrfmiddlewaretoken.value = token.value;
    return true;
  }

  function confirmSaved({ version, message }, words) {
    saved = words;
    wait = PAUSE;
    if (form.elements.version) form.elements.version.value = version;
    status.textContent = message;
    say("");
    if (serializeForm() !== saved) scheduleSave(PAUSE);
  }

  // Nothing more is saved from this page, but a text that was too long is saved once it is shorter.
  function explainRefusal(code, message, words) {
    over = code !== TOO_LONG;
    if (!over && serializeForm() !== words) scheduleSave(PAUSE);
    say(message || (code === CHANGED
      ? "Cet écran a été rempli ailleurs. Continuez : vous verrez les deux versions."
      : "Pas encore enregistré. Continuez : ce que vous avez écrit part avec le bouton."));
  }

  function askToSignIn(address) {
    signedOut = true;
    status.textContent = "";
    if (trouble.querySelector("a")) return; // it is being clicked, perhaps
    say(trouble.dataset.signIn);
    const door = new URL(address);
    door.searchParams.set("next", location.pathname);
    const link = { href: door, target: "_blank", rel: "noopener", textContent: trouble.dataset.signInLink };
    trouble.append(" ", Object.assign(document.createElement("a"), link));
  }

  // A post would lose what was typed if nobody is signed in, or somebody else is.
  async function sendOnceSignedIn(button) {
    const answer = await fetchPage();
    if (!answer) return say("La ligne est coupée : rien n’est parti. Ce que vous avez écrit reste ici.");
    if (answer.redirected || !answer.ok) return askToSignIn(answer.url);
    if (!(await takeFreshToken(answer))) return say(trouble.dataset.otherPerson);
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
