// One camera: what it sees, whether it is well, what is asked of it.

import {CameraAccess} from "./camera-access.js";
import {factList, lastPhoto, stateChip} from "./camera-card.js";
import {CameraConflicts} from "./camera-conflicts.js";
import {CameraHealth} from "./camera-health.js";
import {CameraLog} from "./camera-log.js";
import {CameraName} from "./camera-name.js";
import {CameraPause} from "./camera-pause.js";
import {CameraSettings} from "./camera-settings.js";
import {CameraWatch} from "./camera-watch.js";
import {healthFacts, nameOf, stateWords} from "./camera-words.js";
import {Dialogs} from "./dialogs.js";
import {galleryFragment} from "./gallery-fragment.js";
import {icon} from "./icons.js";
import {html, nothing} from "./lit.js";
import {isUnknown, noSuchCamera} from "./no-such-camera.js";
import {Poll} from "./poll.js";
import {draftsOf} from "./settings-drafts.js";
import {startOfDay} from "./times.js";
import {troublePanel, troubleWords} from "./troubles.js";

const LOOK_MS = 10_000;
const TOO_MUCH = "Not taken: too much waits for this camera already. It is done when it next has a network.";

export function cameraView(app, deviceId) {
  const path = `/devices/${deviceId}`;
  const watch = new CameraWatch(app, "photo");
  const poll = new Poll(look, LOOK_MS, () => app.changed());
  const dialogs = new Dialogs(() => app.changed());
  const health = new CameraHealth(app, deviceId);
  const log = new CameraLog(app, deviceId, (error) => say(troubleWords(error)));
  const conflicts = new CameraConflicts(app, deviceId, say);
  const settings = new CameraSettings(draftsOf(app).of(deviceId), {
    save: (changes) => patched({settings: changes}),
    changed: () => app.changed(),
    unsaved,
  });
  const name = new CameraName((text) => patched({name: text}), () => app.changed());
  const pause = new CameraPause({asked, dialogs, forget, now: () => app.now()});
  const access = new CameraAccess({asked, dialogs, revoke});
  let isBusy = false;
  let takeAway = () => {};

  async function look(signal) {
    const device = await app.api.get(path, {}, {signal});
    taken(device);
    await Promise.all([watch.look(device, signal), log.refresh(signal), conflicts.refresh(signal)]);
  }

  function taken(device) {
    watch.device = device;
    document.title = `${nameOf(device)} · Frameferry`;
    app.changed();
  }

  async function patched(changes) {
    taken(await app.api.patch(path, changes));
    poll.soon();
  }

  /** One message at a time. */
  function say(text) {
    takeAway();
    takeAway = app.toast(text);
  }

  /** What was typed is still there when the owner comes back, and is the camera's only once it is saved. */
  function unsaved() {
    const fragment = `#/cameras/${deviceId}`;
    if (!app.session.isOpen || location.hash === fragment) return;
    const back = {label: "Back to them", action: () => app.go(fragment)};
    app.toast(`The settings of ${nameOf(watch.device)} are not saved yet.`, back);
  }

  /** One at a time. A failure is told. @param {string | undefined} tooMuch what a refusal for too much of it means here */
  async function tried(deed, tooMuch) {
    if (isBusy) return;
    isBusy = true;
    app.changed();
    try {
      await deed();
      poll.soon();
    } catch (error) {
      say(tooMuch && error.status === 429 ? tooMuch : troubleWords(error));
    }
    isBusy = false;
    app.changed();
  }

  /** Leave a command for the camera, and say so. */
  function asked(command, text) {
    return tried(async () => {
      await app.api.post(`${path}/commands`, command);
      say(text);
    }, TOO_MUCH);
  }

  function forget(fromMs, toMs) {
    return tried(async () => {
      const range = {from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString()};
      const {deleted, status} = await app.api.post(`${path}/forget`, range);
      say(forgottenWords(deleted, status));
    });
  }

  function revoke() {
    return tried(async () => {
      taken(await app.api.delete(path));
      settings.discard();
      say("Revoked. It can do nothing any more.");
    });
  }

  const page = (device) => {
    const state = watch.state();
    const nowMs = app.now();
    const isAlive = Boolean(device.activated_at) && !device.revoked_at;
    const isNew = state.kind === "unpaired";
    return html`
      <p class="crumb"><a href="#/cameras">${icon("back")}Cameras</a></p>
      <div class="heading">${name.template(device)} ${stateChip(state, nowMs)}</div>
      <div class="one-camera">
        <div class="wide">
          <section class="card hero" aria-label="What it sees">
            ${isNew ? nothing : lastPhoto(watch, nowMs, watch.item && photoFragment(watch.item))}
            <div class="about">
              <p>${capitalised(stateWords(state, nowMs).more)}.</p>
              ${isNew ? html`<p><a class="button primary" href="#/pair/${deviceId}">Show a code</a></p>` : nothing}
              ${factList(healthFacts(device.health, watch.drainMs()))}
              ${isAlive ? pause.template(device, nowMs, isBusy) : nothing}
              ${watch.item ? html`<p><a href=${dayFragment(watch.item)}>All its photos</a></p>` : nothing}
            </div>
          </section>
          ${device.activated_at ? health.template(device.health) : nothing}
          ${isNew ? nothing : html`<div class="logs">${log.template()} ${conflicts.template(nameOf(device))}</div>`}
        </div>
        <div class="narrow-column">${device.revoked_at ? nothing : settings.template(device.settings)} ${access.template(device, isBusy)}</div>
      </div>
      ${dialogs.template()}
    `;
  };

  return {
    title: "Camera",
    start() {
      poll.start();
      health.start();
    },
    stop() {
      poll.stop();
      health.stop();
      watch.stop();
      settings.leave();
    },
    template() {
      if (watch.device) return page(watch.device);
      if (!poll.trouble) return skeleton();
      return isUnknown(poll.trouble) ? noSuchCamera() : troublePanel(poll.trouble, () => poll.soon());
    },
  };
}

function forgottenWords(deleted, status) {
  const gone = deleted === 1 ? "1 photo is deleted" : `${deleted} photos are deleted`;
  return status === "going_on" ? `${gone}; the rest goes within the hour.` : `${gone}. What still arrives of that time goes, too.`;
}

const dayFragment = ({captured_at, device_id}) => galleryFragment({startMs: startOfDay(Date.parse(captured_at)), deviceId: device_id});

const photoFragment = ({captured_at, device_id, seq}) =>
  galleryFragment({startMs: startOfDay(Date.parse(captured_at)), deviceId: device_id, key: `${device_id}/${seq}`});

const capitalised = (text) => text.charAt(0).toUpperCase() + text.slice(1);

function skeleton() {
  return html`
    <p class="crumb"><a href="#/cameras">${icon("back")}Cameras</a></p>
    <div class="heading"><h1 class="sr-only">Camera</h1><div class="line title-line skeleton"></div></div>
    <div class="one-camera" role="status" aria-label="Loading the camera">
      <div class="wide"><div class="card hero"><div class="picture skeleton"></div></div></div>
      <div class="narrow-column"><div class="card panel"><div class="line skeleton"></div><div class="line short skeleton"></div></div></div>
    </div>
  `;
}
