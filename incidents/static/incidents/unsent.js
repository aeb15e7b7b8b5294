// Asks for confirmation before a page with unsent text is left.
(() => {
  "use strict";
  let sending = false;
  const isTyped = () => [...document.querySelectorAll("textarea")].some((area) => area.value !== area.defaultValue);

  document.addEventListener("submit", (event) => { sending = !event.defaultPrevented; });
  window.addEventListener("pageshow", () => { sending = false; });
  window.addEventListener("beforeunload", (event) => { if (!sending && isTyped()) event.preventDefault(); });
})();
