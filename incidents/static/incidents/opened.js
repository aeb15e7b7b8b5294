// A form that cannot be fetched into its place (a cut line, a session that ended, a case that went away) is opened by
// following its link: the page there says why.
(() => {
  "use strict";
  const follow = (event) => { location.assign(event.detail.elt.href); };
  document.addEventListener("htmx:sendError", follow);
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, pathInfo } = event.detail;
    if (xhr.status === 200 && new URL(xhr.responseURL).pathname === pathInfo.finalRequestPath) return;
    event.detail.shouldSwap = false;
    follow(event);
  });
})();
