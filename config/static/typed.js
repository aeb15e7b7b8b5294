// Keeps in this tab what is being typed in forms marked `data-typed` (the name under which it is kept), and puts it
// back on the same page. What was posted is forgotten on the next page, unless that page asks to sign in first
// (`data-typed-stays`). Passwords, files and hidden fields are never kept. `data-typed-held` marks a form that the
// server has filled in with what was posted; posting a form marked `data-typed-forgets` forgets all.
(() => {
  "use strict";
  const KEPT = "typed:";
  const POSTED = "typed-posted";
  const LEFT_OUT = "button, fieldset, output, [type=hidden], [type=password], [type=file], [type=submit]";
  let store;
  try { store = window.sessionStorage; store.getItem(POSTED); } catch { return; }

  const key = (form) => KEPT + form.dataset.typed;
  const isTick = (one) => one.type === "checkbox" || one.type === "radio";
  const controls = (form) => [...form.elements].filter((one) => one.name && !one.matches(LEFT_OUT));
  const read = (form) => JSON.stringify(
    controls(form).filter((one) => !isTick(one) || one.checked).map((one) => [one.name, one.value])
  );

  function forgetPosted() {
    const posted = store.getItem(POSTED);
    store.removeItem(POSTED);
    const isBack = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
    if (posted && !isBack && !document.querySelector("[data-typed-stays]")) store.removeItem(posted);
  }

  function forgetAll() {
    Object.keys(store).filter((name) => name.startsWith(KEPT)).forEach((name) => store.removeItem(name));
  }

  function openAround(control) {
    for (let fold = control.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  }

  function restore(form, words) {
    const left = words.map(([name, value]) => ({ name, value }));
    for (const one of controls(form)) {
      const found = left.findIndex(({ name, value }) => name === one.name && (!isTick(one) || value === one.value));
      const [word] = found < 0 ? [] : left.splice(found, 1);
      if (isTick(one) ? one.checked === Boolean(word) : !word || one.value === word.value) continue;
      if (isTick(one)) one.checked = Boolean(word);
      else one.value = word.value;
      openAround(one);
    }
  }

  function watch(form) {
    const blank = read(form);
    function keep() {
      try {
        if (read(form) === blank && !("typedHeld" in form.dataset)) store.removeItem(key(form));
        else store.setItem(key(form), read(form));
      } catch { /* the tab has no room left: the page works as without this script */ }
    }
    const words = store.getItem(key(form));
    if ("typedHeld" in form.dataset) keep();
    else if (words) restore(form, JSON.parse(words));
    form.addEventListener("input", keep);
    form.addEventListener("change", keep);
  }

  forgetPosted();
  document.querySelectorAll("form[data-typed]").forEach(watch);
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    if ("typedForgets" in event.target.dataset) forgetAll();
    else if (event.target.dataset.typed) store.setItem(POSTED, key(event.target));
  });
  addEventListener("pageshow", (event) => { if (event.persisted) store.removeItem(POSTED); });
})();
