// The form of a camera's settings. Until they are saved, changes are kept apart from what the API says, and for whoever
// goes elsewhere and comes back.

import {html, live, nothing} from "./lit.js";
import {DAY_MS, duration} from "./times.js";
import {troubleWords} from "./troubles.js";
import {photos} from "./words.js";

const RESOLUTIONS = {
  QVGA: "320 × 240",
  VGA: "640 × 480",
  SVGA: "800 × 600",
  XGA: "1024 × 768",
  HD: "1280 × 720",
  SXGA: "1280 × 1024",
  UXGA: "1600 × 1200",
  FHD: "1920 × 1080",
  QXGA: "2048 × 1536",
  QSXGA: "2560 × 1920",
};
const INTERVALS_S = [5, 10, 30, 60, 300, 900, 3600];
const MAX_INTERVAL_S = 86_400;

/** Of the camera driver's scale: 4 is best. */
export function qualityWords(quality) {
  if (quality <= 8) return "very fine, large files";
  if (quality <= 15) return "fine";
  if (quality <= 25) return "fair, smaller files";
  return "coarse, smallest files";
}

export class CameraSettings {
  #changes;
  #save;
  #changed;
  #unsaved;
  #isBusy = false;
  #isLeft = false;
  #trouble = "";

  /**
   * @param {object} draft what is not saved yet, by the setting's name; changed in place
   * @param {{save: (changes: object) => Promise<void>, changed: () => void, unsaved: () => void}} ways `save` throws as the
   *   API does; `unsaved` is called where the form is left and something in it is not saved
   */
  constructor(draft, {save, changed, unsaved}) {
    this.#changes = draft;
    this.#save = save;
    this.#changed = changed;
    this.#unsaved = unsaved;
  }

  get #isSaved() {
    return !Object.keys(this.#changes).length;
  }

  /** The page is left. What is being saved just now is told only if that fails. */
  leave() {
    this.#isLeft = true;
    if (!this.#isSaved && !this.#isBusy) this.#unsaved();
  }

  template(settings) {
    const now = {...settings, ...this.#changes};
    return html`
      <form class="card panel settings" aria-labelledby="settings-title" @submit=${(event) => this.#submitted(event)} @input=${(event) => this.#typed(event, settings)}>
        <h2 id="settings-title">Settings</h2>
        ${this.#interval(now)} ${this.#quality(now)}
        <label>Resolution
          <select name="resolution">
            ${Object.entries(RESOLUTIONS).map(
              ([name, size]) => html`<option value=${name} .selected=${live(name === now.resolution)}>${size} (${name})</option>`,
            )}
          </select>
        </label>
        <label>When there is a network, upload
          <select name="upload_policy">
            <option value="oldest_first" .selected=${live(now.upload_policy === "oldest_first")}>the oldest photos first</option>
            <option value="newest_first" .selected=${live(now.upload_policy === "newest_first")}>the newest photos first</option>
          </select>
        </label>
        <label class="switch"><input type="checkbox" name="motion" .checked=${live(now.motion)}>Look for motion and report it</label>
        ${this.#trouble ? html`<p class="trouble" role="alert">${this.#trouble}</p>` : nothing}
        ${this.#foot()}
      </form>
    `;
  }

  #interval({interval_s: interval}) {
    const isGood = interval >= 1 && interval <= MAX_INTERVAL_S;
    return html`
      <label>Seconds between photos
        <input name="interval_s" type="number" min="1" max=${MAX_INTERVAL_S} step="1" required list="intervals" inputmode="numeric" .value=${live(String(interval))} aria-describedby="interval-words">
      </label>
      <datalist id="intervals">${INTERVALS_S.map((each) => html`<option value=${each}>${duration(each * 1000)}</option>`)}</datalist>
      <p class="faint small words" id="interval-words">
        ${isGood ? html`Every ${duration(interval * 1000)}: ${photos(Math.round(DAY_MS / 1000 / interval))} a day` : "1 s to a day"}
      </p>
    `;
  }

  #quality({jpeg_quality: quality}) {
    return html`
      <label>Quality
        <input name="jpeg_quality" type="range" min="4" max="63" step="1" .value=${live(String(quality))} aria-valuetext="${quality}, ${qualityWords(quality)}">
      </label>
      <p class="faint small words ends"><span>Best</span><span>${quality}: ${qualityWords(quality)}</span><span>Smallest</span></p>
    `;
  }

  #foot() {
    if (this.#isSaved) {
      return html`<p class="faint small" role="status">The camera takes a change at its next visit to the network.</p>`;
    }
    return html`
      <div class="flow unsaved">
        <span role="status">Not saved yet</span>
        <button type="button" @click=${() => this.discard()}>Discard</button>
        <button class="primary" ?disabled=${this.#isBusy}>Save</button>
      </div>
    `;
  }

  #typed({target}, settings) {
    const {name} = target;
    const value = valueOf(target);
    if (value === settings[name]) delete this.#changes[name];
    else this.#changes[name] = value;
    this.#changed();
  }

  discard() {
    for (const name of Object.keys(this.#changes)) delete this.#changes[name];
    this.#trouble = "";
    this.#changed();
  }

  async #submitted(event) {
    event.preventDefault();
    if (this.#isBusy || this.#isSaved) return;
    this.#isBusy = true;
    this.#trouble = "";
    this.#changed();
    try {
      const sent = {...this.#changes};
      await this.#save(sent);
      // What was typed meanwhile is not saved yet.
      for (const [name, value] of Object.entries(sent)) if (this.#changes[name] === value) delete this.#changes[name];
    } catch (error) {
      this.#trouble = troubleWords(error);
      if (this.#isLeft) this.#unsaved();
    }
    this.#isBusy = false;
    this.#changed();
  }
}

/** Of an empty field of a number "": there is no number yet, and none is to be put in its place. */
function valueOf({type, checked, value}) {
  if (type === "checkbox") return checked;
  return ["number", "range"].includes(type) && value !== "" ? Number(value) : value;
}
