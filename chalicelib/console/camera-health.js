// How a camera fared: small charts of what it said of itself.

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
const LOOK_MS = 10 * MINUTE_MS;
const PAGE = 1000;
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
  /** What stays until there is what is wanted now. @type {{days: number, samples: object[], toMs: number} | null} */
  #drawn = null;
  #poll;

  constructor(app, deviceId) {
    this.#app = app;
    this.#deviceId = deviceId;
    this.#poll = new Poll((signal) => this.#look(signal), LOOK_MS, () => app.changed());
  }

  start() {
    this.#poll.start();
  }

  stop() {
    this.#poll.stop();
  }

  /** @param {object | undefined} latest what it said last: newer than the sample of its quarter of an hour */
  template(latest) {
    return html`
      <section class="card panel health" aria-labelledby="health-title">
        <div class="flow apart">
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
        ${this.#content(latest)}
      </section>
    `;
  }

  #content(latest) {
    const isOther = this.#drawn?.days !== this.#days;
    if (isOther && this.#poll.trouble) return instead("The charts cannot be had now.");
    if (!this.#drawn) return skeleton();
    const {days, samples: known} = this.#drawn;
    const isNews = latest && latest.reported_at > (known.at(-1)?.reported_at ?? "");
    const samples = isNews ? [...known, latest] : known;
    const told = CHARTS.filter(({field}) => samples.some((each) => each[field] !== undefined));
    if (!told.length) {
      return instead("It has reported nothing in this time. What it says of itself while it has a network is drawn here.");
    }
    const toMs = isNews ? Math.max(this.#drawn.toMs, Date.parse(latest.reported_at)) : this.#drawn.toMs;
    return html`<div class="charts" aria-busy=${isOther ? "true" : "false"}>${told.map((each) => ofField(each, days, samples, toMs))}</div>`;
  }

  #choose(days) {
    this.#days = days;
    this.#app.changed();
    this.#poll.soon();
  }

  async #look(signal) {
    const days = this.#days;
    const toMs = this.#app.now();
    const range = {from: new Date(toMs - days * DAY_MS).toISOString(), to: new Date(toMs).toISOString(), limit: PAGE};
    const samples = [];
    for await (const {items} of this.#app.api.pages(`/devices/${this.#deviceId}/health`, range, {signal})) samples.push(...items);
    if (days !== this.#days) return;
    this.#drawn = {days, samples: samples.reverse(), toMs};
  }
}

function ofField({title, field, words, least, most}, days, samples, toMs) {
  const points = samples.filter((each) => each[field] !== undefined).map((each) => [Date.parse(each.reported_at), each[field]]);
  const frame = {fromMs: toMs - days * DAY_MS, toMs, least, most};
  return chart({title, points, frame, words, times: days === 1 ? dayAndClock : shortDay});
}

/** As high as the skeleton: a page that is scrolled to its end and grows shorter moves under the finger. */
const instead = (words) => html`<div class="charts"><p class="faint">${words}</p></div>`;

const skeleton = () => html`<div class="charts"><div class="plot skeleton"></div></div>`;
