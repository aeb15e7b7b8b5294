// Shows who else has this case open, and whether the case changed since the page was loaded. Changes nothing else, so
// that what is being typed stays. Stops while the page is hidden. Changes that this page sends are not announced:
// case.js sets `data-acting` while it waits for a response, and then `seen`, the last event that the page shows.
(() => {
  "use strict";
  const place = document.querySelector("[data-presence]");
  if (!place || !window.fetch) return;
  const EVERY = 20000;
  const BY_TIMER = { "X-Timer": "1" }; // nobody did anything: the request does not prolong the session
  const form = place.querySelector("form");
  const readersLine = place.querySelector("[data-readers]");
  const changed = place.querySelector("[data-changed]");
  let timer = 0;
  let leftAt = -Infinity; // when a form that leaves the page was sent

  const say = (where, words) => { if (where.textContent !== words) where.textContent = words; };

  async function reportPresence() {
    clearTimeout(timer);
    if (document.hidden) return;
    const before = form.elements.seen.value;
    const how = { method: "POST", body: new FormData(form), headers: BY_TIMER, redirect: "manual" };
    const answer = await fetch(form.action, how).catch(() => null);
    if (answer?.type === "opaqueredirect") return stop(place.dataset.signIn, place.dataset.signInLink, "_blank");
    if (answer && !answer.ok && answer.status < 500) return stop(place.dataset.stopped, "Recharger");
    if (answer?.ok) showState(await answer.json(), before);
    timer = setTimeout(reportPresence, EVERY);
  }

  // Say that this page no longer follows the case: who reads or writes is unknown from now on. It asks again when somebody
  // comes back to its tab, or once the CSRF token of its forms is renewed. The link opens this page, which leads to the
  // sign-in page if the session has ended.
  function stop(words, label, target = "") {
    showWriting([]);
    if (readersLine.textContent.startsWith(words)) return;
    const link = { href: location.pathname + location.search, target, rel: "noopener", textContent: label };
    readersLine.replaceChildren(`${words} `, Object.assign(document.createElement("a"), link));
  }

  const isActing = () => "acting" in place.dataset || performance.now() - leftAt < EVERY;

  function showState({ others, writing, seen, changed: words }, before) {
    showWriting(writing);
    say(readersLine, others.length ? `Aussi sur cette page\u00a0: ${others.join(", ")}.` : "");
    if (isActing() || form.elements.seen.value !== before) return; // the next request will ask again
    if (!before) form.elements.seen.value = seen;
    if (words && changed.dataset.words !== words) warn(words);
  }

  function showWriting(names) {
    const beside = document.querySelector("[data-writing]"); // replaced with the form, so it is looked up each time
    if (beside) say(beside, names.map((name) => `${name} écrit aussi au déclarant.`).join(" "));
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
  // A page that is left says so at once, so that its reader no longer counts as present, nor as writing.
  addEventListener("pagehide", () => {
    clearTimeout(timer);
    const body = new FormData(form);
    body.set("left", "1");
    fetch(form.action, { method: "POST", body, headers: BY_TIMER, keepalive: true }).catch(() => null);
  });
  addEventListener("pageshow", (event) => {
    leftAt = -Infinity;
    if (event.persisted) reportPresence();
  });
  document.addEventListener("visibilitychange", reportPresence);
  document.addEventListener("fresh-token", reportPresence); // case.js has renewed the CSRF token of each form
  reportPresence();
})();
