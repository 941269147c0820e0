// How a camera fared: small charts of what it said of itself.

import {healthBetween} from "./camera-watch.js";
import {chart} from "./charts.js";
import {html} from "./lit.js";
import {Poll} from "./poll.js";
import {DAY_MS, MINUTE_MS, dayAndClock, shortDay} from "./times.js";
import {bytes, count} from "./words.js";

const RANGES = [
  [1, "Day"],
  [7, "Week"],
  [30, "Month"],
];
const CHARTS = [
  {title: "Photos on its card", field: "queue_depth", words: count, least: 0},
  {title: "Battery", field: "battery_percent", words: (value) => `${value} %`, least: 0, most: 100},
  {title: "Wi-Fi", field: "rssi_dbm", words: (value) => `${value} dBm`, least: -90, most: -50},
  {title: "Free on its card", field: "sd_free_bytes", words: bytes, least: 0},
  {title: "Temperature", field: "temperature_c", words: (value) => `${Math.round(value)} °C`},
];

export class CameraHealth {
  #app;
  #deviceId;
  #days = 1;
  #samples = null;
  #toMs = 0;
  #poll;

  constructor(app, deviceId) {
    this.#app = app;
    this.#deviceId = deviceId;
    this.#poll = new Poll((signal) => this.#look(signal), 2 * MINUTE_MS, () => app.changed());
  }

  start() {
    this.#poll.start();
  }

  stop() {
    this.#poll.stop();
  }

  template() {
    return html`
      <section class="card panel health" aria-labelledby="health-title">
        <div class="row apart">
          <h2 id="health-title">Health</h2>
          <fieldset class="segments">
            <legend class="sr-only">Show</legend>
            ${RANGES.map(
              ([days, label]) => html`
                <label><input type="radio" name="health-range" .checked=${days === this.#days} @change=${() => this.#choose(days)}><span>${label}</span></label>
              `,
            )}
          </fieldset>
        </div>
        ${this.#content()}
      </section>
    `;
  }

  #content() {
    if (!this.#samples) return this.#poll.trouble ? html`<p class="faint">The charts cannot be had now.</p>` : html`<div class="charts">${[1, 2, 3].map(() => html`<div class="plot skeleton"></div>`)}</div>`;
    const frame = {fromMs: this.#toMs - this.#days * DAY_MS, toMs: this.#toMs};
    const known = CHARTS.filter(({field}) => this.#samples.some((each) => each[field] !== undefined));
    if (!known.length) return html`<p class="faint">It has reported nothing in this time. What it says of itself while it has a network is drawn here.</p>`;
    const times = this.#days === 1 ? dayAndClock : shortDay;
    return html`
      <div class="charts">
        ${known.map(({title, field, words, least, most}) => {
          const points = this.#samples.filter((each) => each[field] !== undefined).map((each) => [Date.parse(each.reported_at), each[field]]);
          return chart({title, points, frame: {...frame, least, most}, words, times});
        })}
      </div>
    `;
  }

  #choose(days) {
    this.#days = days;
    this.#samples = null;
    this.#app.changed();
    this.#poll.soon();
  }

  async #look(signal) {
    const days = this.#days;
    const toMs = this.#app.now();
    const samples = await healthBetween(this.#app.api, this.#deviceId, toMs - days * DAY_MS, toMs, signal);
    if (days !== this.#days) return;
    this.#samples = samples;
    this.#toMs = toMs;
  }
}
