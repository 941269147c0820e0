// What a camera reported and what was asked of it: two lists, newest first, a page at a time.

import {eventDetail, rowsOf, stateOfCommand} from "./log-words.js";
import {html, nothing, repeat} from "./lit.js";
import {dayAndClock, duration} from "./times.js";
import {COMMANDS, EVENTS} from "./words.js";

const PAGE = 8;
const LARGEST_PAGE = 100;
/** So many are read at once to find those of before again: of a night of events the rest comes when asked for. */
const MOST_ANEW = 200;

/** A list of the API that grows at its head, in between by what comes late, and at its end when asked to. */
class Paged {
  #api;
  #path;
  #id;
  #cursor = null;
  /** Goes up when it is read on: what was read anew meanwhile is of before. */
  #round = 0;

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

  /** Anew, as far as it was read: what became of the old ones too, and all that came. Throws as the API does. */
  async refresh(signal) {
    if (this.isBusy) return;
    const round = this.#round;
    const known = new Set(this.items?.map((each) => each[this.#id]));
    const last = [...known].at(-1);
    const items = [];
    let cursor = null;
    let limit = Math.max(PAGE, known.size);
    let isRead = false;
    while (!isRead) {
      const query = {limit: Math.min(LARGEST_PAGE, limit), ...(cursor && {cursor})};
      const page = await this.#api.get(this.#path, query, {signal});
      items.push(...page.items);
      cursor = page.cursor;
      const fresh = items.filter((each) => !known.has(each[this.#id])).length;
      limit = fresh === items.length ? fresh : Math.max(1, known.size + fresh - items.length);
      const isFound = last === undefined || items.some((each) => each[this.#id] === last);
      isRead = isFound || !cursor || items.length >= Math.max(MOST_ANEW, known.size);
    }
    if (round !== this.#round) return;
    this.items = items;
    this.#cursor = cursor;
  }

  async more() {
    this.isBusy = true;
    this.#round += 1;
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
        ${this.#list(this.#commands, (commands) => commands, "command_id", (each) => this.#command(each), "Nothing was asked of it yet. What you ask is done when it next has a network.")}
      </section>
      <section class="card panel" aria-labelledby="events-title">
        <h2 id="events-title">Events</h2>
        ${this.#list(this.#events, rowsOf, "event_id", (each) => this.#event(each), "It has reported nothing yet.")}
      </section>
    `;
  }

  #list(paged, rowsOf, id, row, none) {
    if (!paged.items) return html`<div class="stack"><div class="line skeleton"></div><div class="line short skeleton"></div></div>`;
    if (!paged.items.length) return html`<p class="faint">${none}</p>`;
    return html`
      <ul class="log">${repeat(rowsOf(paged.items), (each) => each[id], row)}</ul>
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
    const detail = event.lines ? "" : eventDetail(event);
    return html`
      <li>
        <strong>${EVENTS[event.kind] ?? event.kind}</strong>
        <p class="faint small">${instant(event.occurred_at)}${detail ? html` · ${detail}` : nothing}</p>
        ${event.lines ? html`<p class="small said">${event.lines.join("\n")}</p>` : nothing}
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
