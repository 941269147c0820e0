// A camera's name, which is changed where it stands.

import {nameOf} from "./camera-words.js";
import {icon} from "./icons.js";
import {html, nothing} from "./lit.js";
import {troubleWords} from "./troubles.js";

export class CameraName {
  #save;
  #changed;
  #isOpen = false;
  #isBusy = false;
  #trouble = "";

  /** @param {(name: string) => Promise<void>} save throws as the API does */
  constructor(save, changed) {
    this.#save = save;
    this.#changed = changed;
  }

  template(device) {
    if (!this.#isOpen) {
      return html`
        <h1>${nameOf(device)}</h1>
        <button class="quiet" id="rename" aria-label="Rename" title="Rename" @click=${() => this.#opened(true)}>${icon("pencil")}</button>
      `;
    }
    return html`
      <form class="flow rename" @submit=${(event) => this.#submitted(event)} @keydown=${(event) => event.key === "Escape" && this.#opened(false)}>
        <h1 class="sr-only">${nameOf(device)}</h1>
        <input id="name" name="name" aria-label="Name" maxlength="100" required pattern=".*\\S.*" title="Not of spaces alone" autocomplete="off" .value=${device.name}>
        <button class="primary" ?disabled=${this.#isBusy}>Save</button>
        <button type="button" @click=${() => this.#opened(false)}>Cancel</button>
        ${this.#trouble ? html`<p class="trouble" role="alert">${this.#trouble}</p>` : nothing}
      </form>
    `;
  }

  #opened(isOpen) {
    this.#isOpen = isOpen;
    this.#trouble = "";
    this.#changed();
    requestAnimationFrame(() => requestAnimationFrame(() => document.getElementById(isOpen ? "name" : "rename")?.focus()));
  }

  async #submitted(event) {
    event.preventDefault();
    const name = new FormData(event.target).get("name").trim();
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      await this.#save(name);
      this.#opened(false);
    } catch (error) {
      this.#trouble = troubleWords(error);
    }
    this.#isBusy = false;
    this.#changed();
  }
}
