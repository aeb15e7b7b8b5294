// Words that were typed and not sent are asked about before the page is left. A ready-made message goes into the reply
// without loading the page again; what is already typed there stays above it.
(() => {
  "use strict";
  let sending = false;
  const typed = () => [...document.querySelectorAll("textarea")].some((one) => one.value !== one.defaultValue);

  function answerWith(ready, reply) {
    const text = ready.elements.modele.selectedOptions[0].dataset.text;
    reply.value = reply.value.trim() ? `${reply.value.trimEnd()}\n\n${text}` : text;
    reply.rows = 14;
    reply.focus();
  }

  document.addEventListener("submit", (event) => {
    const reply = document.querySelector(".talk__reply textarea");
    if (reply && event.target.matches("form[data-ready]")) {
      event.preventDefault();
      answerWith(event.target, reply);
    }
    sending = !event.defaultPrevented;
  });
  window.addEventListener("pageshow", () => { sending = false; });
  window.addEventListener("beforeunload", (event) => { if (!sending && typed()) event.preventDefault(); });
})();
