// Reloads the state of a paper every three seconds, until the paper is made or has failed.
// The header says that nobody did anything, so that these requests do not prolong the session.
// Stops when the page is closed to its reader, because the session has ended for instance.
// Without this script, the page has a link that does the same.
(function () {
  "use strict";
  async function look() {
    const place = document.querySelector("[data-waits]");
    if (!place) return;
    try {
      const headers = { Accept: "text/html", "X-Timer": "1" };
      const answer = await fetch(location.href, { headers, redirect: "manual" });
      if (answer.type === "opaqueredirect" || [403, 404].includes(answer.status)) return stop(place);
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const fresh = page.getElementById(place.id);
      if (fresh) place.replaceWith(fresh);
    } catch {
      // The connection broke, so the next request tries again.
    }
    setTimeout(look, 3000);
  }

  function stop(place) {
    const line = document.createElement("p");
    line.setAttribute("role", "status");
    place.append(line);
    line.append("Cette page n’est plus à jour. ", Object.assign(document.createElement("a"), { href: location.href, textContent: "Recharger" }));
  }

  setTimeout(look, 3000);
})();
