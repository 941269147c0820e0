// Short messages at the edge, some with a way back.

import {html, nothing, repeat} from "./lit.js";

const HOLD_MS = 6000;

export class Toasts {
  #shown = [];
  #next = 0;

  constructor(onChange) {
    this.onChange = onChange;
  }

  /** Gives a function that takes the message away. `action` takes it away, too. */
  show(text, {label, action, holdMs = HOLD_MS} = {}) {
    const toast = {id: this.#next++, text, label};
    const away = () => {
      clearTimeout(timer);
      this.#shown = this.#shown.filter((each) => each !== toast);
      this.onChange();
    };
    toast.act = () => {
      away();
      action?.();
    };
    const timer = setTimeout(away, holdMs);
    this.#shown = [...this.#shown, toast];
    this.onChange();
    return away;
  }

  template() {
    const row = ({text, label, act}) => html`
      <div class="toast">
        <span>${text}</span>
        ${label ? html`<button class="quiet" @click=${act}>${label}</button>` : nothing}
      </div>
    `;
    return html`<div class="toasts" role="status" aria-live="polite">${repeat(this.#shown, (each) => each.id, row)}</div>`;
  }
}
