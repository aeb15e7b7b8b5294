// Stores, for this tab, the text typed in each form marked `data-stored` (whose value is the key of the text), and puts
// the text back when the same page is opened again. A line above the form (`data-stored-notice`) gives the date of the
// text and has a button, with the label `data-stored-undo`, that removes it. The next page after a post deletes the
// posted text, unless that page has `data-stored-keep`: it asks to sign in first, or it refuses the form. Passwords,
// files and hidden fields are never stored, except `seen` or `based_on`, which tells the server for which version of the
// page the text was typed. `data-stored-refused` marks a form that the server has filled in with what was posted. Posting
// a form marked `data-stored-forgets` deletes all stored texts.
(() => {
  "use strict";
  const STORE_PREFIX = "typed:";
  const POSTED = "typed-posted";
  const SEEN = "[type=hidden]:is([name=seen], [name=based_on])";
  const LEFT_OUT = "button, fieldset, output, [type=hidden], [type=password], [type=file], [type=submit]";
  let store;
  try { store = window.sessionStorage; store.getItem(POSTED); } catch { return; }

  const storeKey = (form) => STORE_PREFIX + form.dataset.stored;
  const isTick = (control) => control.type === "checkbox" || control.type === "radio";
  const listControls = (form) => [...form.elements].filter((control) => control.name && !control.matches(LEFT_OUT));
  const readFields = (form) => listControls(form).filter((control) => !isTick(control) || control.checked).map((control) => [control.name, control.value]);
  const readStored = (form) => JSON.parse(store.getItem(storeKey(form)) || "null");

  function forgetPosted() {
    const posted = store.getItem(POSTED);
    store.removeItem(POSTED);
    const isBack = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
    if (posted && !isBack && !document.querySelector("[data-stored-keep]")) store.removeItem(posted);
  }

  function forgetAll() {
    Object.keys(store).filter((name) => name.startsWith(STORE_PREFIX)).forEach((name) => store.removeItem(name));
  }

  function openAround(control) {
    for (let fold = control.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  }

  /* An empty stored value never replaces a value that the server filled in. */
  function putBack(form, words) {
    const left = words.map(([name, value]) => ({ name, value }));
    const names = new Set(words.map(([name]) => name));
    let isChanged = false;
    for (const control of listControls(form)) {
      if (control.type === "radio" && !names.has(control.name)) continue;
      const index = left.findIndex(({ name, value }) => name === control.name && (!isTick(control) || value === control.value));
      const [word] = index < 0 ? [] : left.splice(index, 1);
      if (isTick(control) ? control.checked === Boolean(word) : !word?.value || control.value === word.value) continue;
      if (isTick(control)) control.checked = Boolean(word);
      else control.value = word.value;
      isChanged = true;
      openAround(control);
    }
    return isChanged;
  }

  function formatMoment(at) {
    const then = new Date(at);
    const hour = `${then.getHours()}\u00a0h\u00a0${String(then.getMinutes()).padStart(2, "0")}`;
    if (then.toDateString() === new Date().toDateString()) return `à ${hour}`;
    const day = then.toLocaleDateString("fr", { day: "numeric", month: "long" });
    return `le ${day.replace(/^1 /, "1er ")} à ${hour}`;
  }

  function restore(form, draft) {
    if (!putBack(form, draft.words)) return;
    const seen = form.querySelector(SEEN);
    const fresh = seen?.value;
    if (seen && "seen" in draft) seen.value = draft.seen;
    offerToUndo(form, draft, () => {
      form.reset();
      if (seen) seen.value = fresh;
    });
  }

  function offerToUndo(form, draft, undo) {
    const line = Object.assign(document.createElement("p"), { className: "save-note help" });
    const button = Object.assign(document.createElement("button"), { type: "button" });
    button.className = document.querySelector(".triage") ? "act" : "button button--plain";
    button.textContent = form.dataset.storedUndo || "Vider le formulaire";
    button.addEventListener("click", () => {
      undo();
      listControls(form).forEach((control) => control.dispatchEvent(new Event("input", { bubbles: true })));
      store.removeItem(storeKey(form));
      line.remove();
      listControls(form)[0].focus();
    });
    line.setAttribute("role", "status");
    line.append(`${form.dataset.storedNotice} ${formatMoment(draft.at)} `, button);
    form.before(line);
  }

  function watch(form) {
    const blank = JSON.stringify(readFields(form));
    function keep() {
      const [words, at] = [readFields(form), readStored(form)?.at || Date.now()];
      try {
        if (JSON.stringify(words) === blank && !("storedRefused" in form.dataset)) store.removeItem(storeKey(form));
        else store.setItem(storeKey(form), JSON.stringify({ words, at, seen: form.querySelector(SEEN)?.value }));
      } catch { /* the storage is full: the page works as it does without this script */ }
    }
    const draft = readStored(form);
    if ("storedRefused" in form.dataset) keep();
    else if (draft?.words) restore(form, draft);
    form.addEventListener("input", keep);
    form.addEventListener("change", keep);
  }

  forgetPosted();
  document.querySelectorAll("form[data-stored]").forEach(watch);
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    if ("storedForgets" in event.target.dataset) forgetAll();
    else if (event.target.dataset.stored) store.setItem(POSTED, storeKey(event.target));
  });
  addEventListener("pageshow", (event) => { if (event.persisted) store.removeItem(POSTED); });
})();
