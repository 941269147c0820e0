// All cameras: a card each.

import {cameraCard} from "./camera-card.js";
import {CameraWatch} from "./camera-watch.js";
import {icon} from "./icons.js";
import {html, nothing, repeat} from "./lit.js";
import {Turns} from "./modules.js";
import {Poll} from "./poll.js";
import {isTrouble, troublePanel} from "./troubles.js";
import {count} from "./words.js";

const LOOK_MS = 10_000;
/** A new AWS account may run ten functions at once, and this page is not alone. */
const REQUESTS_AT_ONCE = 4;
const SKELETONS = [1, 2, 3];
const BY_NAME = new Intl.Collator(navigator.language, {numeric: true});

export function camerasView(app) {
  /** By id; null until the first answer. */
  let watches = null;
  const turns = new Turns(REQUESTS_AT_ONCE);
  const poll = new Poll(look, LOOK_MS, () => app.changed());

  async function look(signal) {
    const devices = [];
    for await (const page of app.api.pages("/devices", {}, {signal})) devices.push(...page.items);
    const before = watches ?? new Map();
    watches = new Map(devices.map((each) => [each.device_id, before.get(each.device_id) ?? new CameraWatch(app, "thumbnail", turns.take)]));
    for (const [id, watch] of before) if (!watches.has(id)) watch.stop();
    for (const each of devices) watches.get(each.device_id).device = each;
    app.changed();
    await Promise.all(devices.map((each) => lookAt(watches.get(each.device_id), signal)));
  }

  /** What goes wrong with one is told on its card: the others go on. */
  async function lookAt(watch, signal) {
    try {
      await watch.look(watch.device, signal);
      watch.trouble = null;
    } catch (error) {
      if (!isTrouble(error)) throw error;
      watch.trouble = error;
    }
    app.changed();
  }

  return {
    title: "Cameras",
    start() {
      poll.start();
    },
    stop() {
      poll.stop();
      watches?.forEach((each) => each.stop());
    },
    template: () => html`
      <div class="heading"><h1>Cameras</h1></div>
      ${watches ? cards([...watches.values()], app.now(), () => poll.soon()) : poll.trouble ? troublePanel(poll.trouble, () => poll.soon()) : skeletons()}
    `,
  };
}

function cards(watches, nowMs, again) {
  if (!watches.length) return noCamera();
  const grid = (some) => html`<div class="cameras">${repeat(some, ({device}) => device.device_id, (each) => cameraCard(each, nowMs, again))}</div>`;
  const sorted = watches.toSorted((one, other) => BY_NAME.compare(one.device.name, other.device.name));
  const of = Map.groupBy(sorted, ({device}) => (device.revoked_at ? "revoked" : device.activated_at ? "here" : "waiting"));
  const {here = [], waiting = [], revoked = []} = Object.fromEntries(of);
  return html`
    ${here.length ? grid(here) : noCamera()}
    ${waiting.length ? html`<h2 class="part">Waiting to be paired</h2>${grid(waiting)}` : nothing}
    ${revoked.length ? html`<details class="part"><summary>Revoked: ${count(revoked.length)}</summary>${grid(revoked)}</details>` : nothing}
  `;
}

function noCamera() {
  return html`
    <div class="empty">
      <span class="emblem">${icon("camera")}</span>
      <h2>No camera yet</h2>
      <p class="faint">Pair one, and what it sees appears here.</p>
      <a class="button primary" href="#/pair">Pair a camera</a>
    </div>
  `;
}

function skeletons() {
  return html`
    <div class="cameras" role="status" aria-label="Loading the cameras">
      ${SKELETONS.map(() => html`<div class="card camera"><div class="picture skeleton"></div><div class="about"><div class="line skeleton"></div><div class="line short skeleton"></div></div></div>`)}
    </div>
  `;
}
