// The page of a case by keyboard. Without this script its links and buttons do the same.
(() => {
  "use strict";
  const OFF = "tocsin-raccourcis-coupes"; // as in the queue
  const help = document.getElementById("raccourcis");
  const areOn = () => {
    try {
      return localStorage.getItem(OFF) === null;
    } catch {
      return true;
    }
  };

  // A field, once the folds around it are open.
  function write(field) {
    if (!field) return false;
    for (let fold = field.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    field.focus();
    field.scrollIntoView({ block: "center" });
    return true;
  }

  // A form that is drawn once it is opened.
  function open(name, first) {
    if (write(document.querySelector(first))) return;
    const opener = document.querySelector(`button[name="ouvrir"][value="${name}"]`);
    if (!opener) return;
    write(opener);
    opener.parentElement.addEventListener("htmx:load", () => write(document.querySelector(first)), { once: true });
    opener.click();
  }

  const KEYS = {
    r: () => write(document.getElementById("reponse-text")),
    n: () => write(document.getElementById("note-text")),
    t: () => open("tache", "[name=tache-title]"),
    q: () => open("qualifier", "[name=qualifier-nature]:checked"),
    "?": () => help.showModal(),
  };

  const isTyping = (place) => place.matches?.("textarea, select, input:not([type=checkbox], [type=radio])");

  // The button of the form in which one types.
  function send(place) {
    const own = place.closest?.("[data-form]");
    own?.querySelector("p > button[formaction]")?.click();
  }

  document.addEventListener("keydown", (event) => {
    if (help.open || event.altKey || event.isComposing) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      return send(event.target);
    }
    if (event.ctrlKey || event.metaKey || event.repeat || !(event.key in KEYS)) return;
    if (event.shiftKey && event.key !== "?") return;
    if (isTyping(event.target) || !areOn()) return;
    event.preventDefault();
    KEYS[event.key]();
  });

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-key]");
    if (!link) return;
    event.preventDefault();
    KEYS[link.dataset.key]();
  });

  // The menu shuts when one turns to something else; a button inside it draws the bar again.
  document.addEventListener("click", (event) => {
    const menu = document.getElementById("actes");
    if (menu?.open && !menu.contains(event.target)) menu.open = false;
  });

  for (const opener of document.querySelectorAll("[data-help]")) {
    opener.hidden = false;
    opener.addEventListener("click", () => help.showModal());
  }
  const onOff = help.querySelector("[data-keys]");
  onOff.checked = areOn();
  onOff.addEventListener("change", () => {
    try {
      if (onOff.checked) localStorage.removeItem(OFF);
      else localStorage.setItem(OFF, "1");
    } catch {
      // Nothing can be kept on this device: letters stay as they are.
    }
  });
})();
