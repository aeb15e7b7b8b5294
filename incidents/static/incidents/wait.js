// A paper that is being made: its place in the page is asked for again every three seconds, until it waits no more.
// Without this script the page has a link that does the same.
(function () {
  "use strict";
  async function look() {
    const place = document.querySelector("[data-waits]");
    if (!place) return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(place.id);
      if (fresh) place.replaceWith(fresh);
    } catch {
      // The line was cut: the next time will do.
    }
    setTimeout(look, 3000);
  }
  setTimeout(look, 3000);
})();
