// Asks for confirmation before a page with unsent text is left.
(() => {
  "use strict";
  let sending = false;
  const typed = () => [...document.querySelectorAll("textarea")].some((one) => one.value !== one.defaultValue);

  document.addEventListener("submit", (event) => { sending = !event.defaultPrevented; });
  window.addEventListener("pageshow", () => { sending = false; });
  window.addEventListener("beforeunload", (event) => { if (!sending && typed()) event.preventDefault(); });
})();
