// Keeps the queue up to date without moving the row in use, and adds keyboard shortcuts.
// Without this script, its links, checkboxes and buttons do the same, one page at a time.
(function () {
  "use strict";
  const EVERY = 20000;
  const LONGEST = 15000;
  const OFF = "tocsin-raccourcis-coupes";
  const queue = document.getElementById("file");
  const news = queue.querySelector(".queue__news");
  const notice = news.querySelector("[data-notice]");
  const refresh = news.querySelector("[data-refresh]");
  const signIn = news.querySelector("[data-sign-in-link]");
  const help = document.getElementById("raccourcis");
  const words = queue.dataset;
  const NBSP = "\u00a0";

  let mark = words.mark;
  let known = null;
  let readAt = new Date();
  let ended = false;
  let pending = false;
  let lost = false;
  let timer = 0;
  let lastRequest = 0;
  let lastShown = 0;

  // A row is a case or a wave of cases. The name of a wave is its key, and its checkbox lists their references.
  const rows = () => [...queue.querySelectorAll(".row")];
  const nameOf = (row) => row?.dataset.reference || row?.dataset.wave;
  const ticks = () => [...queue.querySelectorAll(".row__tick input")];
  const referencesOf = (boxes) => new Set(boxes.flatMap((box) => box.value.split(" ")));
  const isOfWave = (box) => box.value.includes(" ");
  const isFirst = () => "first" in queue.dataset;
  const rowOfFocus = () => document.activeElement?.closest?.(".row");

  function say(text) {
    notice.textContent = text;
    signIn.hidden = true;
    refresh.hidden = true;
  }

  // Ticks

  function countTicks() {
    const bar = document.getElementById("en-nombre");
    if (!bar) return;
    const ticked = ticks().filter((box) => box.checked);
    const number = referencesOf(ticked).size;
    const counter = bar.querySelector("[data-ticked]");
    counter.textContent = number
      ? `${number} ${number > 1 ? counter.dataset.several : counter.dataset.single}`
      : counter.dataset.none;
    const all = bar.querySelector("[data-all]");
    all.closest("label").hidden = false;
    all.checked = number > 0 && ticked.length === ticks().length;
    all.indeterminate = number > 0 && !all.checked;
    const ofCases = referencesOf(ticked.filter((box) => !isOfWave(box)));
    for (const box of ticks().filter(isOfWave)) {
      box.indeterminate = !box.checked && box.value.split(" ").some((each) => ofCases.has(each));
    }
  }

  queue.addEventListener("change", (event) => {
    if (event.target.matches("[data-all]")) for (const box of ticks()) box.checked = event.target.checked;
    if (event.target.matches(".row__tick input")) follow(event.target);
    if (event.target.matches("[data-all], .row__tick input")) countTicks();
    if (event.target.matches("[data-keys]")) switchKeys(event.target.checked);
  });

  // The checkbox of a wave ticks each visible case of the wave. Unticking a case unticks its wave.
  function follow(box) {
    const touched = referencesOf([box]);
    const others = ticks().filter((other) => other !== box && other.value.split(" ").some((each) => touched.has(each)));
    for (const other of others) {
      if (touched.size > 1) other.checked = box.checked;
      else if (!box.checked) other.checked = false;
    }
  }

  // Staying up to date

  // The header says that nobody did anything: the request does not prolong the session.
  async function fetchPage(address, accept, byTimer) {
    const answer = await fetch(address, {
      headers: { Accept: accept, ...(byTimer && { "X-Timer": "1" }) },
      redirect: "manual",
      cache: "no-store",
      signal: AbortSignal.timeout(LONGEST),
    });
    if (answer.type === "opaqueredirect" || [401, 403, 404].includes(answer.status)) throw new SessionEnded();
    if (!answer.ok) throw new Error(String(answer.status));
    return answer;
  }

  class SessionEnded extends Error {}

  function scheduleLook() {
    clearTimeout(timer);
    if (!ended && !document.hidden) timer = setTimeout(look, EVERY);
  }

  async function look() {
    try {
      const query = new URLSearchParams(location.search);
      query.delete("apres");
      query.delete("avant");
      const answer = await fetchPage(`${words.state}?${query}`, "application/json", true);
      const state = await answer.json();
      recover();
      await compare(state);
    } catch (problem) {
      reportFailure(problem);
    }
    scheduleLook();
  }

  async function compare(state) {
    if (known === null && !isFirst()) {
      known = new Set(state.cases);
      mark = state.mark;
      return;
    }
    if (state.mark === mark) return;
    const knownReferences = known || referencesOf(ticks());
    const fresh = state.cases.filter((reference) => !knownReferences.has(reference)).length;
    if (isFirst() && !ticks().some((box) => box.checked) && !help.open) await replaceRows(true);
    else offer(fresh);
  }

  function offer(fresh) {
    pending = true;
    const message = fresh ? `${fresh} ${fresh > 1 ? words.several : words.single}` : words.changed;
    if (notice.textContent !== message) notice.textContent = message;
    refresh.hidden = false;
    signIn.hidden = true;
  }

  function recover() {
    readAt = new Date();
    if (lost) say("");
    if (lost && pending) offer(0);
    lost = false;
  }

  function reportFailure(problem) {
    if (problem instanceof SessionEnded) {
      ended = true;
      say(words.signIn);
      signIn.href = location.href;
      signIn.hidden = false;
      return;
    }
    lost = true;
    say(`${words.lost} ${readAt.getHours()}${NBSP}h${NBSP}${String(readAt.getMinutes()).padStart(2, "0")}`);
  }

  // Responses may arrive out of order. A response older than the rows on the page is ignored.
  async function replaceRows(byTimer) {
    const request = ++lastRequest;
    try {
      const answer = await fetchPage(location.href, "text/html", byTimer);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (request > lastShown) showRows(page);
    } catch (problem) {
      if (request > lastShown) throw problem;
    }
    lastShown = Math.max(lastShown, request);
  }

  function showRows(page) {
    const fresh = page.getElementById("file");
    if (!fresh) throw new SessionEnded();
    keepPlace(() => {
      for (const id of ["a-voir", "vues", "dossiers", "en-nombre"]) replacePart(id, page);
    });
    mark = fresh.dataset.mark;
    known = null;
    pending = false;
    countTicks();
  }

  function replacePart(id, page) {
    const old = document.getElementById(id);
    const fresh = page.getElementById(id);
    if (old && fresh && old.contains(document.activeElement) && id !== "dossiers") return;
    if (old && fresh) old.replaceWith(fresh);
    else if (old) old.remove();
    else if (fresh && id === "en-nombre") queue.querySelector(".queue__bar").prepend(fresh);
    else if (fresh) document.getElementById("dossiers").before(fresh);
  }

  // The focused row, or else the first visible row, keeps its position on the screen.
  function keepPlace(change) {
    const focusedRow = rowOfFocus();
    const anchor = focusedRow || rows().find((row) => row.getBoundingClientRect().top >= 0);
    const name = nameOf(anchor);
    const top = anchor?.getBoundingClientRect().top;
    const index = focusedRow ? focusable(focusedRow).indexOf(document.activeElement) : -1;
    const ticked = referencesOf(ticks().filter((box) => box.checked));
    const at = rows().indexOf(focusedRow);
    const scrolled = window.scrollY > 0;
    change();
    for (const box of ticks()) box.checked = box.value.split(" ").every((each) => ticked.has(each));
    keepTicks(ticked);
    const row = rows().find((candidate) => nameOf(candidate) === name);
    const next = row || (focusedRow && rows()[Math.min(at, rows().length - 1)]);
    if (focusedRow && next) (focusable(next)[index] || focusable(next)[0]).focus({ preventScroll: true });
    if (row && (focusedRow || scrolled)) window.scrollBy(0, row.getBoundingClientRect().top - top);
  }

  // Cases that were ticked in a wave stay ticked when it is closed. Its checkbox is then indeterminate.
  function keepTicks(ticked) {
    const tickedReferences = referencesOf(ticks().filter((box) => box.checked));
    for (const wave of ticks().filter(isOfWave)) {
      for (const reference of wave.value.split(" ")) {
        if (!ticked.has(reference) || tickedReferences.has(reference)) continue;
        const copy = wave.cloneNode();
        Object.assign(copy, { value: reference, checked: true, hidden: true });
        wave.after(copy);
      }
    }
  }

  const focusable = (row) => [...row.querySelectorAll("a[href], input:not([hidden])")];

  // Open or close a wave in its place. The address records it for the next refresh and for a reload.
  async function open(link) {
    history.replaceState(null, "", link.href);
    try {
      await replaceRows();
    } catch {
      location.reload();
    }
  }

  queue.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-opens]");
    const taking = event.target.closest?.("[data-reference] button[name=prendre]");
    if (!link && !taking) return;
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    (link || taking).focus();
    if (link) open(link);
    else take();
  });

  async function refreshNow() {
    const hadFocus = document.activeElement === refresh;
    if (!isFirst()) {
      const query = new URLSearchParams(location.search);
      query.delete("apres");
      query.delete("avant");
      location.search = query;
      return;
    }
    try {
      await replaceRows();
      recover();
      say(words.refreshed);
      if (hadFocus) rows()[0]?.querySelector("[data-case]").focus();
    } catch (problem) {
      reportFailure(problem);
    }
    scheduleLook();
  }

  refresh.addEventListener("click", refreshNow);
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden && !ended) look();
  });

  // Keys

  const areOn = () => {
    try {
      return localStorage.getItem(OFF) === null;
    } catch {
      return true;
    }
  };

  function switchKeys(on) {
    try {
      if (on) localStorage.removeItem(OFF);
      else localStorage.setItem(OFF, "1");
    } catch {
      // This device stores nothing, so the switch applies to this page only.
    }
    if (!on) say(words.off);
  }

  function move(by) {
    const all = rows();
    const at = all.indexOf(rowOfFocus());
    const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)];
    next?.querySelector("[data-case]").focus();
  }

  async function take() {
    const row = rowOfFocus();
    const token = document.querySelector("#en-nombre [name=csrfmiddlewaretoken]");
    if (!row || !token) return;
    if (!row.dataset.reference) {
      say(words.many);
      return;
    }
    const form = new FormData();
    form.set("csrfmiddlewaretoken", token.value);
    try {
      const answer = await fetch(`${row.querySelector("[data-case]").getAttribute("href")}prendre/`, {
        method: "POST",
        body: form,
        headers: { Accept: "application/json" },
        redirect: "manual",
        signal: AbortSignal.timeout(LONGEST),
      });
      if (answer.type === "opaqueredirect") throw new SessionEnded();
      if (!answer.ok) {
        say(words.wrong);
        return;
      }
      const outcome = await answer.json();
      if (isFirst() && !ticks().some((box) => box.checked)) await replaceRows();
      say(outcome.messages.join(" "));
    } catch (problem) {
      reportFailure(problem);
    }
  }

  function tick() {
    const box = rowOfFocus()?.querySelector(".row__tick input");
    if (!box) return;
    box.checked = !box.checked;
    follow(box);
    countTicks();
  }

  const KEYS = {
    j: () => move(1),
    k: () => move(-1),
    ArrowDown: () => move(1),
    ArrowUp: () => move(-1),
    p: take,
    x: tick,
    "/": () => document.getElementById("recherche").focus(),
    f: () => (document.querySelector("#vues [aria-current]") || document.querySelector("#vues a")).focus(),
    r: refreshNow,
    "?": () => help.showModal(),
  };

  function isTyping(place) {
    return place.isContentEditable || place.matches("textarea, select, input:not([type=checkbox])");
  }

  document.addEventListener("keydown", (event) => {
    const key = event.key;
    if (event.ctrlKey || event.altKey || event.metaKey || (event.shiftKey && key !== "?" && key !== "/")) return;
    if (!(key in KEYS) || help.open || isTyping(event.target)) return;
    if (!areOn() || (event.repeat && !/^(j|k|Arrow)/.test(key))) return;
    if (key.startsWith("Arrow") && !rowOfFocus() && document.activeElement !== document.body) return;
    event.preventDefault();
    KEYS[key]();
  });

  // Close all menus except the one that contains `but`.
  function shutMenus(but) {
    for (const menu of queue.querySelectorAll("details.menu[open]")) if (!menu.contains(but)) menu.open = false;
  }

  document.addEventListener("click", (event) => shutMenus(event.target));
  document.addEventListener("keydown", (event) => {
    const menu = event.key === "Escape" && queue.querySelector("details.menu[open]");
    if (!menu) return;
    menu.querySelector("summary").focus();
    shutMenus(null);
  });

  const opener = queue.querySelector("[data-help]");
  opener.hidden = false;
  opener.addEventListener("click", () => help.showModal());
  queue.querySelector("[data-keys]").checked = areOn();
  countTicks();
  scheduleLook();
})();
