// Uploads files in slices, so that a broken connection loses one slice only. Without this script, the form works.
(() => {
  "use strict";
  const form = document.querySelector("form[data-envoi]");
  if (!form || !window.fetch || !Blob.prototype.arrayBuffer) return;
  const slice = Number(form.dataset.morceau);
  const start = form.dataset.envoi;
  const inputs = [...form.querySelectorAll("input[type=file]")];
  const status = form.querySelector("[role=status]");
  const LONGEST_WAIT = 30;
  let busy = false;

  class Stop extends Error {}  // this file cannot be handed over; the message says why

  const say = (words) => { if (status.textContent !== words) status.textContent = words; };
  const quoteName = (file) => `« ${file.name} »`;
  const wait = (seconds) => new Promise((go) => {
    const timer = setTimeout(go, seconds * 1000);
    addEventListener("online", () => { clearTimeout(timer); go(); }, { once: true });
  });

  // Send a request until the server responds. A refusal is a response, but silence or a server error is not.
  async function ask(url, options) {
    for (let seconds = 1; ; seconds = Math.min(seconds * 2, LONGEST_WAIT)) {
      const response = await fetch(url, options).catch(() => null);
      if (response && (response.status < 500 || response.status === 507)) return response;
      say(`La ligne est coupée. Nouvel essai dans ${seconds} s. Rien de ce qui est envoyé n’est perdu.`);
      await wait(seconds);
    }
  }

  async function readAnswer(response) {
    const type = response.headers.get("Content-Type") || "";
    const content = type.includes("json") ? await response.json() : {};
    if (response.ok || response.status === 409) return content;
    throw new Stop(content.message || "ce dossier ne s’ouvre plus ici. Rechargez la page.");
  }

  const post = (url, body) => ask(url, {
    method: "POST", body, headers: { "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
  });

  async function readBytes(file, from) {
    try {
      return await file.slice(from, from + slice).arrayBuffer();
    } catch {
      throw new Stop("votre appareil ne le lit plus. Choisissez-le de nouveau.");
    }
  }

  async function hashContent(content) {
    if (!window.crypto || !crypto.subtle) return "";
    const digest = await crypto.subtle.digest("SHA-256", content);
    return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  async function handOver(file, showProgress) {
    const author = form.elements.auteur ? form.elements.auteur.value : "";
    const debut = await hashContent(await readBytes(file, 0));
    const announced = new URLSearchParams({ nom: file.name, taille: file.size, auteur: author, debut });
    const begun = await readAnswer(await post(start, announced));
    const url = `${start}${begun.uid}/`;
    let from = begun.recu;
    while (from < file.size) {
      showProgress(from);
      const content = await readBytes(file, from);
      from = (await readAnswer(await post(`${url}?debut=${from}`, content))).recu;
    }
    showProgress(file.size);
    const done = await readAnswer(await post(`${url}fin/`));
    if (!("numero" in done)) throw new Stop("il n’est pas arrivé entier. Choisissez-le de nouveau.");
    return done.deja;
  }

  async function handAllOver(files) {
    const total = files.reduce((sum, file) => sum + file.size, 0) || 1;
    const missing = [];
    let sentBytes = 0, received = 0, known = 0;
    for (const file of files) {
      const showProgress = (of) => {
        const percent = Math.floor((100 * (sentBytes + of)) / total);
        say(`${received + known} ${received + known > 1 ? "fichiers" : "fichier"} sur ${files.length} envoyés, ${percent} %`);
      };
      try {
        (await handOver(file, showProgress)) ? known++ : received++;
      } catch (stop) {
        if (!(stop instanceof Stop)) throw stop;
        missing.push(`${quoteName(file)} : ${stop.message}`);
      }
      sentBytes += file.size;
    }
    if (!missing.length) return location.assign(`${location.pathname}?recus=${received}&deja=${known}`);
    say(`Il manque ${missing.join(" ")} ${received + known} sur ${files.length} reçus.`);
    status.focus();
  }

  form.addEventListener("submit", (event) => {
    const files = inputs.flatMap((input) => [...input.files]);
    if (!files.length) return;  // the server says what to do
    event.preventDefault();
    if (busy) return;
    busy = true;
    handAllOver(files).finally(() => { busy = false; });
  });
})();
