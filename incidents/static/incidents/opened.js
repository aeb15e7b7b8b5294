// A form that cannot be fetched into the page (broken connection, ended session, case that left the centre) is opened
// on the page that its button names, which says why.
(() => {
  "use strict";
  const follow = (event) => { location.assign(`${location.pathname}?ouvrir=${event.detail.elt.value}`); };
  document.addEventListener("htmx:sendError", follow);
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, pathInfo } = event.detail;
    if (xhr.status === 200 && new URL(xhr.responseURL).pathname === pathInfo.requestPath) return;
    event.detail.shouldSwap = false;
    follow(event);
  });
})();
