// Who else has this case open, and whether it changed since the page was read. It says so and changes nothing else:
// what is being typed stays. Stops while the page is hidden.
(() => {
  "use strict";
  const place = document.querySelector("[data-presence]");
  if (!place || !window.fetch) return;
  const EVERY = 20000;
  const form = place.querySelector("form");
  const there = place.querySelector("[data-there]");
  const changed = place.querySelector("[data-changed]");
  let timer = 0;

  const say = (where, words) => { if (where.textContent !== words) where.textContent = words; };

  async function ask() {
    clearTimeout(timer);
    if (document.hidden) return;
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form) }).catch(() => null);
    if (answer && answer.ok) tell(await answer.json());
    if (!answer || answer.ok || answer.status >= 500) timer = setTimeout(ask, EVERY);
  }

  function tell({ others, writing, seen, changed: words }) {
    const beside = document.querySelector("[data-writing]"); // drawn again with the form, so looked for each time
    if (beside) say(beside, writing.map((one) => `${one} écrit aussi au déclarant.`).join(" "));
    say(there, others.length ? `Aussi sur cette page\u00a0: ${others.join(", ")}.` : "");
    if (!form.elements.seen.value) form.elements.seen.value = seen;
    if (words && changed.dataset.words !== words) warn(words);
  }

  function warn(words) {
    changed.dataset.words = words;
    const again = document.createElement("a");
    again.href = location.pathname + location.search;
    again.textContent = "Recharger";
    changed.replaceChildren(`${words} `, again);
  }

  document.addEventListener("visibilitychange", ask);
  ask();
})();
