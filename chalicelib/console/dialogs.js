// A question over the page. The browser's own <dialog> keeps the focus inside, takes Escape, and gives the focus back.

import {html, nothing, ref} from "./lit.js";

export class Dialogs {
  #asked = null;
  #element = null;
  #changed;

  /** @param {() => void} changed */
  constructor(changed) {
    this.#changed = changed;
  }

  /**
   * @param {{title: string, body: () => unknown, label: string, isDangerous?: boolean, act: (form: FormData) => void}} question
   *   `label` is on the button that calls `act`, with what the body's fields hold
   */
  ask(question) {
    this.#asked = question;
    this.#changed();
  }

  close() {
    this.#element?.close();
  }

  template() {
    if (!this.#asked) return nothing;
    const {title, body, label, isDangerous} = this.#asked;
    return html`
      <dialog aria-labelledby="dialog-title" ${ref(this.#shown)} @close=${this.#closed} @click=${this.#clicked}>
        <form method="dialog" class="stack" @submit=${this.#submitted}>
          <h2 id="dialog-title">${title}</h2>
          ${body()}
          <div class="flow end">
            <button type="button" @click=${() => this.close()}>Cancel</button>
            <button class=${isDangerous ? "primary dangerous" : "primary"}>${label}</button>
          </div>
        </form>
      </dialog>
    `;
  }

  #shown = (element) => {
    this.#element = element ?? null;
    // Not in the page yet while it is drawn.
    if (element && !element.open) queueMicrotask(() => element.isConnected && !element.open && element.showModal());
  };

  #closed = () => {
    this.#asked = null;
    this.#changed();
  };

  #clicked = (event) => {
    if (event.target === this.#element) this.close();
  };

  #submitted = (event) => {
    this.#asked.act(new FormData(event.target));
  };
}
