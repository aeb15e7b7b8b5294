// The page of a case has several forms. The server saves what is typed in any of them while it is typed. A button
// replaces only its own block, so that the rest of the page and what is typed there stay. Without this script, each
// button posts all that is typed, and the page of the response shows it again.
(() => {
  "use strict";
  const form = document.getElementById("ecrits");
  const status = document.querySelector("[data-save-status]");
  const presence = document.querySelector("[data-presence]");
  if (!form || !status || !window.fetch) return;
  const PAUSE = 1200;
  const LONGEST_WAIT = 30000;
  const LONGEST = 30000;
  const FORBIDDEN = 403;
  const TOKEN = "csrfmiddlewaretoken";
  const CODES = new Set(form.dataset.forms.split(" "));
  const touched = new Set();
  const stroke = Object.assign(document.createElement("input"), { type: "hidden", name: "trait", value: "0" });
  form.append(stroke);
  let timer = 0;
  let wait = PAUSE;
  let unsaved = false;
  let saving = null;
  let busy = false;
  let queue = Promise.resolve();
  let leaving = false;
  let posted = ""; // what the last button posted, until something else is saved

  const codeOf = (name) => {
    const code = name.split("-")[0];
    return name.includes("-") && CODES.has(code) ? code : "";
  };
  const blockOf = (place) => place.closest("[data-block]");
  const say = (words) => { if (status.textContent !== words) status.textContent = words; };

  // Saving what is typed

  // Return the hidden fields of the page and the forms whose codes are in `codes`.
  function fieldsOf(codes, button) {
    const data = new FormData(form, button);
    for (const name of [...data.keys()]) if (codeOf(name) && !codes.has(codeOf(name))) data.delete(name);
    return data;
  }

  // Return these fields with their number. When the page is left before the response to a button, the save repeats what
  // the button posted. It then repeats the number too, so that the server does not keep what it has already accepted.
  function numberFields(codes, button) {
    const data = fieldsOf(codes);
    for (const name of [stroke.name, TOKEN]) data.delete(name);
    const words = String(new URLSearchParams(data));
    if (button || words !== posted) stroke.value = Number(stroke.value) + 1;
    posted = button || words === posted ? words : "";
    return fieldsOf(codes, button);
  }

  function scheduleSave(pause) {
    clearTimeout(timer);
    timer = setTimeout(keep, pause);
  }

  async function keep() {
    if (!unsaved || saving || busy) return;
    unsaved = false;
    saving = new AbortController();
    const answer = await post(form.action, numberFields(touched), "application/json", saving.signal);
    const wasGivenUp = saving.signal.aborted;
    saving = null;
    if (wasGivenUp) return;
    if (isSaved(answer)) return confirmSaved((await answer.json()).message);
    unsaved = true;
    if (answer && answer.status < 500) return say(form.dataset.stopped);
    say(form.dataset.cut);
    wait = Math.min(wait * 2, LONGEST_WAIT);
    scheduleSave(wait);
  }

  function confirmSaved(trouble) {
    wait = PAUSE;
    say(trouble || form.dataset.saved);
    if (trouble) touched.clear();
    if (unsaved) scheduleSave(PAUSE);
  }

  // The sign-in page, too, answers in JSON who asks for it.
  function isSaved(answer) {
    return answer?.ok && !answer.redirected && (answer.headers.get("Content-Type") || "").startsWith("application/json");
  }

  // Post. If the token was refused, post once more with a fresh one, or return the sign-in page if nobody is signed in.
  async function post(address, body, accept, signal) {
    const how = { method: "POST", body, headers: { Accept: accept }, signal, keepalive: leaving };
    const answer = await fetch(address, how).catch(() => null);
    if (answer?.status !== FORBIDDEN) return answer;
    const page = await fetch(location.href, { signal }).catch(() => null);
    if (page?.redirected) return page;
    if (!page?.ok || !takeFreshToken(await page.text())) return answer;
    body.set(TOKEN, form.elements[TOKEN].value);
    return fetch(address, how).catch(() => null);
  }

  // After its person has signed in again elsewhere, the page needs the CSRF token of the new session. Put that token into
  // each form, and tell whether there was one. A page for another person gives none: the words are not that person's.
  function takeFreshToken(text) {
    const fresh = new DOMParser().parseFromString(text, "text/html").getElementById(form.id);
    if (fresh?.dataset.person !== form.dataset.person) return false;
    for (const field of document.getElementsByName(TOKEN)) field.value = fresh.elements[TOKEN].value;
    document.dispatchEvent(new Event("fresh-token"));
    return true;
  }

  document.addEventListener("input", (event) => {
    if (event.target.form !== form || !codeOf(event.target.name)) return;
    touched.add(codeOf(event.target.name));
    unsaved = true;
    scheduleSave(wait);
  });
  const leave = () => {
    leaving = true;
    keep();
    leaving = false;
  };
  addEventListener("pagehide", leave);
  document.addEventListener("visibilitychange", () => { if (document.hidden) leave(); });
  addEventListener("beforeunload", (event) => {
    if (unsaved && wait > PAUSE) event.preventDefault();
    else leave();
  });

  // Sending

  // The Enter key presses no button of its own, so the button of the form in which it was typed is meant.
  function buttonOf(event) {
    if (event.submitter && !form.contains(event.submitter)) return event.submitter;
    for (let place = document.activeElement; place && place !== document.body; place = place.parentElement) {
      const button = place.querySelector(`button[form="${form.id}"]`);
      if (button) return button;
    }
    return null;
  }

  document.addEventListener("submit", (event) => {
    if (event.target !== form || leaving) return;
    event.preventDefault();
    const button = buttonOf(event);
    if (!button || button.hasAttribute("aria-busy")) return;
    if (button.closest("[data-ready]")) return putIntoReply(button.closest("[data-ready]").querySelector("select"));
    button.setAttribute("aria-busy", "true");
    const [block, name] = [blockOf(button)?.dataset.block, nameOf(button)];
    queue = queue.then(() => {
      const pressed = button.isConnected ? button : findButton(block, name);
      return pressed && send(pressed);
    }).catch(() => { // the connection broke during a response
      setActing(false);
      sayAt(blockOf(button), [form.dataset.cut], true);
    });
  });

  // A button that was pressed while another response was awaited may have been replaced by a new element.
  function findButton(block, name) {
    const buttons = document.querySelectorAll(`[data-block="${block}"] button`);
    return [...buttons].find((button) => nameOf(button) === name);
  }

  // Fields that are being sent are read-only, because the response replaces them.
  function makeReadOnly(place, isReadOnly) {
    for (const control of place?.querySelectorAll("textarea, input") ?? []) control.readOnly = isReadOnly;
  }

  // Let presence.js know that this page is sending, so that it does not announce the page's own change.
  function setActing(isActing) {
    busy = isActing;
    presence.toggleAttribute("data-acting", isActing);
  }

  async function send(button) {
    const place = button.closest("[data-form]");
    const own = place?.dataset.form || "";
    clearTimeout(timer);
    saving?.abort();
    setActing(true);
    makeReadOnly(place, true);
    const data = numberFields(new Set([...touched, own]), button);
    const answer = await post(button.formAction, data, "text/html", AbortSignal.timeout(LONGEST));
    const page = answer && answer.status < 500 ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
    if (!page?.getElementById(form.id)) setActing(false);
    makeReadOnly(place, false);
    button.removeAttribute("aria-busy");
    if (page?.getElementById(form.id)) return showOutcome(page, button, answer.ok, own);
    unsaved = unsaved || touched.size > 0;
    scheduleSave(wait);
    if (!answer || answer.status >= 500) return sayAt(blockOf(button), [form.dataset.cut], true);
    if (answer.redirected) return sayAt(blockOf(button), [form.dataset.signIn], true, answer.url);
    if (answer.status === FORBIDDEN) return sayAt(blockOf(button), [form.dataset.stopped], true);
    leaving = true; // another page shows the outcome, because the case moved or was erased
    form.requestSubmit(button);
  }

  // Showing the outcome

  function showOutcome(page, button, isTaken, own) {
    const place = blockOf(button);
    const lines = [...page.querySelectorAll(".messagelist li")];
    const isWrong = lines.some((line) => line.classList.contains("error"));
    let isFresh = true;
    if (isTaken) touched.delete(own);
    if (isTaken && !isWrong) shutMenu(button);
    for (const fresh of page.querySelectorAll("[data-block]")) {
      const old = document.querySelector(`[data-block="${fresh.dataset.block}"]`);
      if (!old || old.innerHTML === fresh.innerHTML) continue;
      if (old === place || !isInUse(old)) replace(old, fresh, isWrong && old === place);
      else isFresh = false;
    }
    const seen = page.querySelector("[data-presence] [name=seen]");
    if (seen) presence.querySelector("[name=seen]").value = seen.value;
    if (seen && isFresh) clearNotice();
    setActing(false);
    sayAt(document.querySelector(`[data-block="${place?.dataset.block}"]`), lines.map((line) => line.textContent.trim()), isWrong);
    unsaved = touched.size > 0;
    if (unsaved) scheduleSave(PAUSE);
  }

  // After an act from a menu, close the menu in the new block.
  function shutMenu(button) {
    for (let menu = button.closest("details"); menu?.closest(".casebar__menu"); menu = menu.parentElement.closest("details")) menu.open = false;
  }

  // The menu may be longer than the screen: when a form in it opens, show its button.
  document.addEventListener("toggle", (event) => {
    if (event.target.open && event.target.matches?.(".casebar__menu .act__more")) event.target.lastElementChild.scrollIntoView({ block: "nearest" });
  }, true);

  // Remove the notice, because the page now shows the change that it announced.
  function clearNotice() {
    const notice = presence.querySelector("[data-changed]");
    notice.replaceChildren();
    delete notice.dataset.words;
  }

  // Tell whether somebody is typing in the block.
  function isInUse(block) {
    const controls = [...block.querySelectorAll("input, select, textarea")];
    return controls.some((control) => touched.has(codeOf(control.name)) || control === document.activeElement);
  }

  // After a refusal, keep what was chosen in the block, so that it need not be chosen again.
  function replace(old, fresh, keepsChoices) {
    const focused = old.contains(document.activeElement) ? nameOf(document.activeElement) : "";
    const open = new Set([...old.querySelectorAll("details[open] > summary")].map(titleOf));
    const node = document.importNode(fresh, true);
    for (const summary of node.querySelectorAll("details > summary")) if (open.has(titleOf(summary))) summary.parentElement.open = true;
    if (keepsChoices) for (const choice of old.querySelectorAll("input[type=radio]:checked")) {
      const same = [...node.querySelectorAll("input[type=radio]")].find((radio) => radio.name === choice.name && radio.value === choice.value);
      if (same) same.checked = true;
    }
    old.replaceWith(node);
    window.htmx?.process(node);
    if (focused) focusIn(node, focused);
  }

  const nameOf = (place) => place.id || place.getAttribute("aria-label") || place.textContent.trim();
  const titleOf = (summary) => summary.parentElement.id || summary.textContent.replace(/\(.*|\d.*/, "").trim();

  function focusIn(block, name) {
    const wrong = block.querySelector("[aria-invalid=true]");
    const same = [...block.querySelectorAll("button, a, summary, textarea, input, select")].find((control) => nameOf(control) === name);
    const place = wrong || same || block.querySelector("h1, h2, button, a");
    if (!place) return;
    if (place.matches("h1, h2")) place.tabIndex = -1;
    place.focus({ preventScroll: true });
  }

  function sayAt(block, words, isWrong, address = "") {
    if (!block || !words.length) return;
    for (const earlier of document.querySelectorAll(".act-result")) earlier.remove();
    const line = document.createElement("p");
    line.className = isWrong ? "act-result talk__wrong" : "act-result";
    line.setAttribute("role", isWrong ? "alert" : "status");
    const menu = block.querySelector(".act__more[open] > div");
    (menu ?? block).append(line); // beside the form that was sent from a menu
    line.textContent = words.join(" ");
    if (menu) line.scrollIntoView({ block: "nearest" }); // the menu scrolls by itself, and may hide its end
    if (!address) return;
    const door = new URL(address);
    door.searchParams.set("next", location.pathname); // not the address to which the form was posted
    line.append(" ", Object.assign(document.createElement("a"), { href: door, target: "_blank", rel: "noopener", textContent: form.dataset.signInLink }));
  }

  // Insert a message template below what is already typed.
  function putIntoReply(choice) {
    const reply = document.querySelector("[data-form=reponse] textarea");
    const text = choice.selectedOptions[0].dataset.text;
    reply.value = reply.value.trim() ? `${reply.value.trimEnd()}\n\n${text}` : text;
    reply.rows = 14;
    reply.dispatchEvent(new Event("input", { bubbles: true }));
    reply.focus();
  }
})();
