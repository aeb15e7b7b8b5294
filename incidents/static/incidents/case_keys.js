// Keyboard shortcuts on the page of a case. Without this script, its links and buttons do the same.
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

  // Open the folds around a field and focus it.
  function write(field) {
    if (!field) return false;
    for (let fold = field.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
    field.focus();
    field.scrollIntoView({ block: "center" });
    return true;
  }

  // Open a form that is fetched only when it is opened, and focus its first field.
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

  // Press the button of the form in which the person types.
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

  // Close the menu after a click elsewhere. A button inside it replaces the whole bar.
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
      // This device stores nothing, so the shortcuts stay as they are.
    }
  });
})();
