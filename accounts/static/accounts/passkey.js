// Passkeys: asks the device, puts its answer in the form and submits the form. Load it after webauthn-json.js, which
// talks to the device.
(() => {
  "use strict";

  const KNOWN = {
    NotAllowedError: "La clé n’a pas répondu, ou la demande a été annulée. Réessayez, ou prenez un autre moyen.",
    InvalidStateError: "Cette clé est déjà enregistrée sur votre compte.",
    SecurityError: "Les clés d’accès demandent une adresse en https.",
  };

  const optionsOnPage = () => JSON.parse(document.getElementById("passkey-options").textContent);

  const ACTS = {
    async create() {
      const options = optionsOnPage().creation_options;
      // A key that stores the account itself can sign in without an address.
      options.publicKey.authenticatorSelection.residentKey = "preferred";
      options.publicKey.authenticatorSelection.requireResidentKey = false;
      return window.webauthnJSON.create(options);
    },
    async show() {
      return window.webauthnJSON.get(optionsOnPage().request_options);
    },
    async login(form) {
      const answer = await fetch(form.action, { headers: { Accept: "application/json" } });
      if (!answer.ok) throw new Error("options");
      return window.webauthnJSON.get((await answer.json()).request_options);
    },
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    if (!window.PublicKeyCredential) continue;
    const part = form.closest("[data-passkey-part]");
    if (part) part.hidden = false;
    for (const notice of document.querySelectorAll("[data-passkey-none]")) notice.hidden = true;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const status = form.querySelector("[role=status]");
      status.textContent = "Suivez ce que demande votre appareil.";
      try {
        const credential = await ACTS[form.dataset.passkey](form);
        form.elements.namedItem("credential").value = JSON.stringify(credential);
        form.submit();
      } catch (error) {
        status.textContent = KNOWN[error.name] || "La clé n’a pas pu servir. Réessayez, ou prenez un autre moyen.";
      }
    });
  }
})();
