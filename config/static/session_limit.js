// Warns two minutes before the session of a person with powers ends (WCAG 2.2, 2.2.1). A button prolongs the session before
// the idle limit; nothing prolongs it beyond the absolute limit. Another tab may have been used meanwhile, so the script
// first asks the server how long the session still lasts, by a page that says it as this one does. When the session has
// ended, or must have while the server does not answer, the page is emptied: what it showed stays neither on the screen nor
// in the browser (OWASP ASVS 5.0, 14.3.1). Words that the person typed and that nothing else keeps stay, to be copied.
(() => {
  "use strict";
  const script = document.currentScript;
  const WARNING = 120; // in seconds, as all that follows
  const RETRY = 30;
  const LONGEST_WAIT = 86400; // timers of browsers overflow after 24 days
  const line = Object.assign(document.createElement("div"), { className: "session-limit", hidden: true });
  let ends = null;
  let timer = 0;
  let focusedBefore = null;

  const now = () => Date.now() / 1000;

  function scheduleRequest(delay) {
    clearTimeout(timer);
    timer = setTimeout(askAsTimer, Math.min(delay, LONGEST_WAIT) * 1000);
  }

  function follow({ idle, absolute }) {
    ends = { idle: now() + Number(idle), absolute: now() + Number(absolute) };
    judge();
  }

  function judge() {
    const left = Math.min(ends.idle, ends.absolute) - now();
    if (left > WARNING) hide();
    else if (left <= 0) return clearPage(script.dataset.cutOver); // the server did not answer
    else if (ends.absolute <= ends.idle) show(script.dataset.absoluteWords);
    else show(script.dataset.idleWords, stayButton);
    scheduleRequest(left > WARNING ? left - WARNING : left > 0 ? Math.min(left + 1, RETRY) : RETRY);
  }

  // Ask how long the session still lasts, and tell whether there was an answer. The header `X-Timer` says that nobody did
  // anything: without it, the request prolongs the session.
  async function ask(headers) {
    const how = { headers, redirect: "manual", cache: "no-store" };
    const answer = await fetch(script.dataset.page, how).catch(() => null);
    if (answer?.type === "opaqueredirect") return clearPage(script.dataset.ended);
    if (!answer?.ok) return false;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const limits = page.querySelector("[data-session-limit]");
    if (limits) follow(limits.dataset);
    else stop(); // the person has no powers any more
    return true;
  }

  function stop() {
    clearTimeout(timer);
    hide();
  }

  async function askAsTimer() {
    if (!(await ask({ "X-Timer": "1" }))) judge();
  }

  async function stay() {
    if (!(await ask({}))) show(script.dataset.cut, stayButton);
  }

  // Signing in leads back to this address, where what `stored_forms.js` keeps is put back. With words to copy, it happens in
  // another tab.
  function clearPage(words) {
    clearTimeout(timer);
    const unsentTexts = listUnsentTexts();
    const link = make("a", { className: "button", href: location.pathname + location.search, textContent: script.dataset.signIn });
    if (unsentTexts.length) Object.assign(link, { target: "_blank", rel: "noopener", textContent: script.dataset.signInLink });
    const main = make("main", { className: "session-over", tabIndex: -1 });
    main.append(make("h1", { textContent: words }), make("p", { textContent: script.dataset.emptied }));
    if (unsentTexts.length) main.append(make("h2", { textContent: script.dataset.unsentHeading }), ...unsentTexts.map((text) => make("pre", { textContent: text })));
    main.append(make("p"));
    main.lastChild.append(link);
    document.title = words;
    document.body.replaceChildren(main);
    main.focus();
    return true;
  }

  const make = (name, properties) => Object.assign(document.createElement(name), properties);

  function listUnsentTexts() {
    const fields = document.querySelectorAll("textarea, input:is([type=text], [type=email], [type=tel], [type=url], [type=number], :not([type]))");
    const changedFields = [...fields].filter((field) => !field.closest("form[data-stored]") && field.value.trim() && field.value !== field.defaultValue);
    return changedFields.map((field) => field.value);
  }

  const stayButton = Object.assign(document.createElement("button"), { type: "button", className: "button", textContent: script.dataset.stay });
  stayButton.addEventListener("click", stay);

  function show(words, control) {
    if (!line.hidden && line.firstChild?.textContent === words) return;
    const sentence = Object.assign(document.createElement("p"), { textContent: words });
    line.replaceChildren(sentence, ...(control ? [control] : []));
    line.hidden = false;
  }

  // The focus goes back to where it was before the button was pressed.
  function hide() {
    const hadFocus = line.contains(document.activeElement);
    line.hidden = true;
    if (hadFocus) (focusedBefore?.isConnected ? focusedBefore : document.querySelector("main")).focus();
  }

  line.setAttribute("role", "alert");
  line.addEventListener("focusin", (event) => { if (!line.contains(event.relatedTarget)) focusedBefore = event.relatedTarget; });
  document.body.append(line);
  // Signing out in another tab ends the session of this one too: nobody waits for the answer of the server.
  const tabs = new BroadcastChannel("session");
  tabs.addEventListener("message", () => clearPage(script.dataset.ended));
  document.addEventListener("submit", (event) => { if ("signsOut" in event.target.dataset) tabs.postMessage("signing out"); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden && (!line.hidden || Math.min(ends.idle, ends.absolute) - now() <= WARNING)) askAsTimer(); });
  addEventListener("pageshow", (event) => { if (event.persisted) askAsTimer(); });
  follow(script.dataset);
  // A page that the button « back » takes from the cache has old seconds.
  if (performance.getEntriesByType("navigation")[0]?.type === "back_forward") askAsTimer();
})();
