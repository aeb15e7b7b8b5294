// Keeps what is typed on a screen before its button is pressed: a link, the back button or an empty battery loses
// nothing. Without this script the buttons keep it. Each save is numbered: the server takes none that comes late.
(() => {
  "use strict";
  const form = document.querySelector("form[data-keep]");
  const told = document.querySelector("[data-saved]");
  const trouble = document.querySelector("[data-trouble]");
  if (!form || !told || !window.fetch) return;
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

  const fields = () => new URLSearchParams(new FormData(form));
  function typed() {
    const words = fields();
    for (const name of ["version", "trait"]) words.delete(name);
    return String(words);
  }
  let kept = typed();

  const say = (words) => { if (trouble.textContent !== words) trouble.textContent = words; };
  const number = () => { stroke.value = Number(stroke.value) + 1; };
  function numbered() {
    number();
    return fields();
  }

  function later(pause) {
    clearTimeout(timer);
    timer = setTimeout(keep, pause);
  }

  async function keep() {
    const words = typed();
    if (busy || over || words === kept) return;
    busy = true;
    const answer = await fetch(form.dataset.keep, { method: "POST", body: numbered() }).catch(() => null);
    busy = false;
    if (answer && answer.ok) return saved(await answer.json(), words);
    if (answer && answer.status < 500) return stop(answer.status);
    say("Pas encore enregistré : la ligne est coupée. Nous réessayons.");
    wait = Math.min(wait * 2, LONGEST_WAIT);
    later(wait);
  }

  function saved({ version, said }, words) {
    kept = words;
    wait = PAUSE;
    if (form.elements.version) form.elements.version.value = version;
    told.textContent = said;
    say("");
    if (typed() !== kept) later(PAUSE);
  }

  function stop(status) {
    over = true;
    say(status === CHANGED
      ? "Cet écran a été rempli ailleurs. Continuez : vous verrez les deux versions."
      : "Pas encore enregistré. Continuez : ce que vous avez écrit part avec le bouton.");
  }

  function leave() {
    const words = typed();
    if (!over && words !== kept && navigator.sendBeacon(form.dataset.keep, numbered())) kept = words;
  }

  form.addEventListener("input", () => later(wait));
  form.addEventListener("submit", () => { number(); over = true; });
  addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") leave(); });
  addEventListener("pageshow", (event) => { if (event.persisted) over = false; });
})();
