// What a camera reported and what was asked of it: two lists, newest first, a page at a time.

import {stateOfCommand, eventDetail} from "./log-words.js";
import {html, nothing, repeat} from "./lit.js";
import {dayAndClock, duration} from "./times.js";
import {COMMANDS, EVENTS} from "./words.js";

const PAGE = 8;

/** A list of the API that grows at its head, and at its end when asked to. */
class Paged {
  #api;
  #path;
  #id;
  #cursor = null;

  items = null;
  isBusy = false;

  constructor(api, path, id) {
    this.#api = api;
    this.#path = path;
    this.#id = id;
  }

  get hasMore() {
    return this.#cursor !== null;
  }

  /** The first page anew; what was read after it stays. Throws as the API does. */
  async refresh(signal) {
    const page = await this.#api.get(this.#path, {limit: PAGE}, {signal});
    const known = new Set(page.items.map((each) => each[this.#id]));
    const older = this.items?.filter((each) => !known.has(each[this.#id])) ?? [];
    if (!older.length) this.#cursor = page.cursor;
    this.items = [...page.items, ...older];
  }

  async more() {
    this.isBusy = true;
    try {
      const page = await this.#api.get(this.#path, {limit: 3 * PAGE, cursor: this.#cursor});
      this.#cursor = page.cursor;
      this.items = [...this.items, ...page.items];
    } finally {
      this.isBusy = false;
    }
  }
}

export class CameraLog {
  #app;
  #events;
  #commands;
  #onTrouble;

  /** @param {(error: Error) => void} onTrouble of reading on */
  constructor(app, deviceId, onTrouble) {
    this.#app = app;
    this.#onTrouble = onTrouble;
    this.#events = new Paged(app.api, `/devices/${deviceId}/events`, "event_id");
    this.#commands = new Paged(app.api, `/devices/${deviceId}/commands`, "command_id");
  }

  /** Throws as the API does. */
  async refresh(signal) {
    await Promise.all([this.#events.refresh(signal), this.#commands.refresh(signal)]);
  }

  template() {
    return html`
      <section class="card panel" aria-labelledby="commands-title">
        <h2 id="commands-title">Asked of it</h2>
        ${this.#list(this.#commands, "command_id", (each) => this.#command(each), "Nothing was asked of it yet. What you ask is done when it next has a network.")}
      </section>
      <section class="card panel" aria-labelledby="events-title">
        <h2 id="events-title">Events</h2>
        ${this.#list(this.#events, "event_id", (each) => this.#event(each), "It has reported nothing yet.")}
      </section>
    `;
  }

  #list(paged, id, row, none) {
    if (!paged.items) return html`<div class="stack"><div class="line skeleton"></div><div class="line short skeleton"></div></div>`;
    if (!paged.items.length) return html`<p class="faint">${none}</p>`;
    return html`
      <ul class="log">${repeat(paged.items, (each) => each[id], row)}</ul>
      ${paged.hasMore ? html`<button ?disabled=${paged.isBusy} @click=${() => this.#more(paged)}>${paged.isBusy ? "One moment…" : "Show more"}</button>` : nothing}
    `;
  }

  #command(command) {
    const {text, tone} = stateOfCommand(command, this.#app.now());
    const {duration_s: duration_s} = command.arguments ?? {};
    return html`
      <li>
        <div class="flow apart"><strong>${COMMANDS[command.kind] ?? command.kind}${duration_s ? ` for ${duration(duration_s * 1000)}` : ""}</strong>
          <span class="chip ${tone}">${text}</span></div>
        <p class="faint small">${instant(command.created_at)}</p>
        ${command.detail ? html`<p class="small said">${command.detail}</p>` : nothing}
      </li>
    `;
  }

  #event(event) {
    const detail = eventDetail(event);
    return html`
      <li>
        <strong>${EVENTS[event.kind] ?? event.kind}</strong>
        <p class="faint small">${instant(event.occurred_at)}${detail ? html` · ${detail}` : nothing}</p>
      </li>
    `;
  }

  async #more(paged) {
    const reading = paged.more();
    this.#app.changed();
    try {
      await reading;
    } catch (error) {
      this.#onTrouble(error);
    }
    this.#app.changed();
  }
}

const instant = (text) => html`<time datetime=${text}>${dayAndClock(Date.parse(text))}</time>`;
