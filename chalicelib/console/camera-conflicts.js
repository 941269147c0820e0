// Photos of a camera that came under a number which another one has: they are in no day of the gallery, and here.

import {isClip} from "./clips.js";
import {fileName, saveAs} from "./downloads.js";
import {html, nothing, repeat} from "./lit.js";
import {placeBlob} from "./places.js";
import {dayAndClock} from "./times.js";
import {bytes, count} from "./words.js";

const PAGE = 8;
const MOST = 200;
/** They are few, and seldom. */
const AGAIN_MS = 60_000;

export class CameraConflicts {
  #app;
  #path;
  #say;
  #items = [];
  #limit = PAGE;
  #hasMore = false;
  #askedAtMs = -Infinity;

  /** @param {(text: string) => void} say */
  constructor(app, deviceId, say) {
    this.#app = app;
    this.#path = `/devices/${deviceId}/conflicts`;
    this.#say = say;
  }

  /** Throws as the API does. */
  async refresh(signal) {
    if (this.#app.now() - this.#askedAtMs < AGAIN_MS) return;
    const {items, cursor} = await this.#app.api.get(this.#path, {limit: this.#limit}, {signal});
    this.#askedAtMs = this.#app.now();
    this.#items = items;
    this.#hasMore = cursor !== null && this.#limit < MOST;
    this.#app.changed();
  }

  template(cameraName) {
    if (!this.#items.length) return nothing;
    return html`
      <section class="card panel" aria-labelledby="conflicts-title">
        <h2 id="conflicts-title">Kept aside</h2>
        <p class="faint small">Each came under a number that another photo has. Mostly the camera has sent it again under a number of its
          own, and it is among its photos, too.</p>
        <ul class="log">${repeat(this.#items, (each) => each.photo.object_key + each.seq, (each) => this.#row(each, cameraName))}</ul>
        ${this.#hasMore ? html`<button @click=${() => this.#more()}>Show more</button>` : nothing}
      </section>
    `;
  }

  #row(item, cameraName) {
    const at = html`<time datetime=${item.captured_at}>${dayAndClock(Date.parse(item.captured_at))}</time>`;
    return html`
      <li class="flow apart">
        <div><strong>${isClip(item) ? "Clip" : "Photo"} ${count(item.seq)}</strong><p class="faint small">${at} · ${bytes(item.size_bytes)}</p></div>
        <button aria-label="Save ${isClip(item) ? "clip" : "photo"} ${count(item.seq)}" @click=${() => this.#save(item, cameraName)}>Save</button>
      </li>
    `;
  }

  async #more() {
    this.#limit = MOST;
    this.#askedAtMs = -Infinity;
    await this.refresh().catch(() => this.#say("The others could not be fetched."));
  }

  async #save(item, cameraName) {
    try {
      const blob = await placeBlob(item.photo, {[item.photo.object_key]: item.photo.url}, undefined, item.content_type);
      saveAs(blob, fileName(item, cameraName));
    } catch {
      this.#askedAtMs = -Infinity;
      this.#say("It could not be fetched.");
    }
  }
}
