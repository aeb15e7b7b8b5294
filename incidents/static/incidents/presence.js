// Who else has this case open, and whether it changed since the page was read. It says so and changes nothing else:
// what is being typed stays. Stops while the page is hidden. What this page itself sends is no news to it: case.js says
// while it waits for an answer (`data-acting`), and which event the page then shows (`seen`).
(() => {
  "use strict";
  const place = document.querySelector("[data-presence]");
  if (!place || !window.fetch) return;
  const EVERY = 20000;
  const form = place.querySelector("form");
  const there = place.querySelector("[data-there]");
  const changed = place.querySelector("[data-changed]");
  let timer = 0;
  let leftAt = -Infinity; // when a form was sent that leaves the page

  const say = (where, words) => { if (where.textContent !== words) where.textContent = words; };

  async function ask() {
    clearTimeout(timer);
    if (document.hidden) return;
    const before = form.elements.seen.value;
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form) }).catch(() => null);
    if (answer && answer.ok) tell(await answer.json(), before);
    if (!answer || answer.ok || answer.status >= 500) timer = setTimeout(ask, EVERY);
  }

  const isActing = () => "acting" in place.dataset || performance.now() - leftAt < EVERY;

  function tell({ others, writing, seen, changed: words }, before) {
    const beside = document.querySelector("[data-writing]"); // drawn again with the form, so looked for each time
    if (beside) say(beside, writing.map((one) => `${one} écrit aussi au déclarant.`).join(" "));
    say(there, others.length ? `Aussi sur cette page\u00a0: ${others.join(", ")}.` : "");
    if (isActing() || form.elements.seen.value !== before) return; // asked again later
    if (!before) form.elements.seen.value = seen;
    if (words && changed.dataset.words !== words) warn(words);
  }

  function warn(words) {
    changed.dataset.words = words;
    const again = document.createElement("a");
    again.href = location.pathname + location.search;
    again.textContent = "Recharger";
    changed.replaceChildren(`${words} `, again);
  }

  document.addEventListener("submit", (event) => {
    setTimeout(() => { if (!event.defaultPrevented) leftAt = performance.now(); });
  });
  addEventListener("pageshow", () => { leftAt = -Infinity; });
  document.addEventListener("visibilitychange", ask);
  ask();
})();
