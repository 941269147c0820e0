// Pairing: a name, then a code that the camera trades for a credential of its own. Also for a camera that has been paired before.

import {cameraCard} from "./camera-card.js";
import {CameraWatch} from "./camera-watch.js";
import {icon} from "./icons.js";
import {html, nothing} from "./lit.js";
import {loaded} from "./modules.js";
import {isUnknown, noSuchCamera} from "./no-such-camera.js";
import {pairingSteps} from "./pairing-steps.js";
import {Poll} from "./poll.js";
import {troublePanel, troubleWords} from "./troubles.js";

const LOOK_MS = 3_000;
const TICK_MS = 1_000;

/** @param {string | undefined} deviceId of a camera that there is already */
export function pairView(app, deviceId) {
  const apiUrl = new URL(".", document.baseURI).href.replace(/\/$/, "");
  let device = null;
  let code = null;
  let isBusy = false;
  let trouble = "";
  let watch = null;
  let kind = "esp32";
  let ticking = 0;
  /** Fetched when there is a code: it is large, and who never pairs has no use for it. */
  let qrPicture = () => nothing;
  const poll = new Poll(look, LOOK_MS, () => app.changed());

  async function look(signal) {
    const id = code?.device_id ?? deviceId;
    if (!id) return;
    const before = device;
    device = await app.api.get(`/devices/${id}`, {}, {signal});
    if (watch) await watch.look(device, signal);
    else if (code && device.activated_at && device.activated_at !== code.activatedBefore) await activated(signal);
    else if (!before && deviceId && !device.activated_at && !code) newCode();
  }

  async function activated(signal) {
    clearInterval(ticking);
    watch = new CameraWatch(app);
    watch.device = device;
    app.changed();
    requestAnimationFrame(() => document.getElementById("paired")?.focus());
    await watch.look(device, signal);
  }

  async function newCode(name) {
    if (isBusy) return;
    isBusy = true;
    trouble = "";
    app.changed();
    try {
      const id = code?.device_id ?? deviceId;
      const answer = await (id ? app.api.post(`/devices/${id}/pair`) : app.api.post("/devices/pair", name ? {name} : {}));
      code = {...answer, name: name ?? device?.name, activatedBefore: device?.activated_at, endsMs: Date.parse(answer.expires_at)};
      code.madeMs = app.now();
      clearInterval(ticking);
      ticking = setInterval(() => app.changed(), TICK_MS);
      poll.soon();
      loaded("./qr-picture.js").then((module) => ((qrPicture = module.qrPicture), app.changed()), () => {});
      requestAnimationFrame(() => requestAnimationFrame(() => document.getElementById("code")?.focus()));
    } catch (error) {
      trouble = troubleWords(error);
    }
    isBusy = false;
    app.changed();
  }

  function submitted(event) {
    event.preventDefault();
    newCode(new FormData(event.target).get("name").trim());
  }

  async function copied(text) {
    try {
      await navigator.clipboard.writeText(text);
      app.toast("Copied.");
    } catch {
      // Browsers have no clipboard for a page that did not come over TLS.
      app.toast("Your browser does not let this page copy: select it by hand.");
    }
  }

  const asksName = () => html`
    <form class="narrow stack" @submit=${submitted}>
      <h1>Pair a camera</h1>
      <p class="faint">Give it a name. You get a code, which you type into the camera within ten minutes.</p>
      <label>Name <input name="name" maxlength="100" autocomplete="off" placeholder="Barn" required pattern=".*\\S.*" title="Not of spaces alone" data-first></label>
      ${trouble ? html`<p class="trouble" role="alert">${trouble}</p>` : nothing}
      <button class="primary" ?disabled=${isBusy}>${isBusy ? "One moment…" : "Make a code"}</button>
    </form>
  `;

  const asksAgain = () => html`
    <div class="narrow stack">
      <h1>Pair ${device.name || "this camera"} again</h1>
      <p class="faint">For a camera that was reset, replaced or revoked. It keeps its name, its numbers and its photos; the
        credential that it has now works until the code is used.</p>
      ${trouble ? html`<p class="trouble" role="alert">${trouble}</p>` : nothing}
      <div class="flow">
        <button class="primary" ?disabled=${isBusy} @click=${() => newCode()}>${isBusy ? "One moment…" : "Make a code"}</button>
        <a class="button" href="#/cameras/${deviceId}">Leave it</a>
      </div>
    </div>
  `;

  const showsCode = () => {
    const leftMs = code.endsMs - app.now();
    const isOver = leftMs <= 0;
    return html`
      <div class="heading"><h1>Pair ${code.name || "the camera"}</h1></div>
      <div class="pairing">
        <section class="card code-card" aria-label="The code">
          <p class="code ${isOver ? "over" : ""}" id="code" tabindex="-1" aria-label="Code ${spelled(code.pairing_code)}">${code.pairing_code}</p>
          <p class="left numbers" role="timer" aria-live="off">${isOver ? "This code has expired." : `Good for ${minutesLeft(leftMs)}`}</p>
          <progress max=${code.endsMs - code.madeMs} .value=${Math.max(0, leftMs)} aria-label="Time left"></progress>
          ${isOver || trouble
            ? html`
                ${trouble ? html`<p class="trouble" role="alert">${trouble}</p>` : nothing}
                <button class="primary" ?disabled=${isBusy} @click=${() => newCode(code.name)}>New code</button>
              `
            : html`
                ${qrPicture(`FRAMEFERRY:${apiUrl}:${code.pairing_code}`)}
                <button @click=${() => copied(code.pairing_code)}>${icon("copy")}Copy the code</button>
              `}
        </section>
        <section class="steps" aria-label="What to do">
          ${pairingSteps({kind, choose: (value) => ((kind = value), app.changed()), apiUrl, code, copied})}
          <p class="awaits" role="status"><span class="turning" aria-hidden="true"></span>
            ${poll.trouble ? troubleWords(poll.trouble) : "Waiting for the camera. This page notices by itself."}</p>
        </section>
      </div>
    `;
  };

  const isPaired = () => html`
    <div class="paired">
      <span class="emblem">${icon("check")}</span>
      <h1 id="paired" tabindex="-1">${device.name || "The camera"} is paired</h1>
      <p class="faint" role="status">${watch.item ? "Its first photo is here." : "Its first photo appears here as soon as it is in the cloud."}</p>
      ${cameraCard(watch, app.now())}
      <div class="flow">
        <a class="button primary" href="#/cameras/${device.device_id}">Open its page</a>
        <a class="button" href="#/cameras">All cameras</a>
      </div>
    </div>
  `;

  const starts = () => {
    if (!deviceId) return asksName();
    if (device) return asksAgain();
    if (!poll.trouble) return html`<p class="awaits" role="status">One moment…</p>`;
    return isUnknown(poll.trouble) ? noSuchCamera() : troublePanel(poll.trouble, () => poll.soon());
  };

  return {
    title: "Pair a camera",
    start() {
      poll.start();
    },
    stop() {
      poll.stop();
      clearInterval(ticking);
      watch?.stop();
    },
    template: () => (watch ? isPaired() : code ? showsCode() : starts()),
  };
}

/** A screen reader says each sign. */
const spelled = (code) => [...code.replaceAll("-", "")].join(" ");

function minutesLeft(ms) {
  const seconds = Math.ceil(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} min`;
}
