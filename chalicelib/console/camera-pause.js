// What is asked of a camera every day: a photo now, a pause, to forget what it has just seen.

import {icon} from "./icons.js";
import {html} from "./lit.js";
import {MINUTE_MS, duration} from "./times.js";

const PAUSES_S = [15 * 60, 60 * 60];
const MAX_MINUTES = 31 * 24 * 60;

export class CameraPause {
  #asked;
  #dialogs;
  #forget;
  #now;

  /** @param {{asked: (command: object, text: string) => void, dialogs: import("./dialogs.js").Dialogs, forget: (fromMs: number, toMs: number) => void, now: () => number}} ways */
  constructor({asked, dialogs, forget, now}) {
    this.#asked = asked;
    this.#dialogs = dialogs;
    this.#forget = forget;
    this.#now = now;
  }

  template({settings}, nowMs, isBusy) {
    const untilMs = settings.paused_until ? Date.parse(settings.paused_until) : 0;
    const isPaused = settings.paused || untilMs > nowMs;
    return html`
      <div class="flow actions">
        ${isPaused ? this.#resume(isBusy) : this.#pauses(isBusy)}
        <button ?disabled=${isBusy || isPaused} @click=${() => this.#asked({kind: "capture_now"}, "It takes a photo when it next has a network.")}>
          ${icon("camera")}Take a photo now
        </button>
        <button ?disabled=${isBusy} @click=${() => this.#askForget()}>${icon("eraser")}Forget&hellip;</button>
      </div>
    `;
  }

  #resume(isBusy) {
    return html`<button class="primary" ?disabled=${isBusy} @click=${() => this.#asked({kind: "resume"}, "It goes on when it next has a network.")}>${icon("play")}Resume</button>`;
  }

  #pauses(isBusy) {
    const pause = (duration_s, label, until) => html`
      <button ?disabled=${isBusy} @click=${() => this.#asked(duration_s ? {kind: "pause", duration_s} : {kind: "pause"}, `Paused ${until}. The camera hears of it when it next has a network.`)}>${label}</button>
    `;
    return html`
      <div class="group" role="group" aria-labelledby="pause-label">
        <span id="pause-label">${icon("pause")}Pause</span>
        ${PAUSES_S.map((seconds) => pause(seconds, duration(seconds * 1000), `for ${duration(seconds * 1000)}`))}
        ${pause(null, "Until I resume", "until you resume it")}
      </div>
    `;
  }

  #askForget() {
    this.#dialogs.ask({
      title: "Forget what it has just seen",
      label: "Forget",
      isDangerous: true,
      body: () => html`
        <p>Photos of this time are deleted for good. What is still on the card never shows up.</p>
        <label>The last minutes
          <input name="minutes" type="number" min="1" max=${MAX_MINUTES} value="15" required inputmode="numeric" aria-describedby="forget-words">
        </label>
        <p class="faint small" id="forget-words">60 is an hour, 1440 a day. This cannot be undone.</p>
      `,
      act: (form) => {
        const toMs = this.#now();
        this.#forget(toMs - Number(form.get("minutes")) * MINUTE_MS, toMs);
      },
    });
  }
}
