// Reloads the state of a paper every three seconds, until the paper is made or has failed.
// The header says that nobody did anything, so that these requests do not prolong the session.
// Without this script, the page has a link that does the same.
(function () {
  "use strict";
  async function look() {
    const place = document.querySelector("[data-waits]");
    if (!place) return;
    try {
      const answer = await fetch(location.href, { headers: { Accept: "text/html", "X-Timer": "1" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(place.id);
      if (fresh) place.replaceWith(fresh);
    } catch {
      // The connection broke, so the next request tries again.
    }
    setTimeout(look, 3000);
  }
  setTimeout(look, 3000);
})();
