// Short messages at the edge, some with a way back.

import {html, nothing, repeat} from "./lit.js";

const HOLD_MS = 6000;

export class Toasts {
  #shown = [];
  #next = 0;

  constructor(onChange) {
    this.onChange = onChange;
  }

  /** Gives a function that takes the message away. `action` takes it away, too; `gone` is called when time has. */
  show(text, {label, action, gone, holdMs = HOLD_MS} = {}) {
    const toast = {id: this.#next++, text, label};
    let isAway = false;
    const away = () => {
      isAway = true;
      clearTimeout(timer);
      this.#shown = this.#shown.filter((each) => each !== toast);
      this.onChange();
    };
    toast.act = () => {
      away();
      action?.();
    };
    const over = () => {
      away();
      gone?.();
    };
    let timer = setTimeout(over, holdMs);
    // Who is about to press its button gets the time to.
    toast.hold = () => clearTimeout(timer);
    toast.go = () => {
      clearTimeout(timer);
      // The focus leaves a message also because the message goes.
      if (!isAway) timer = setTimeout(over, holdMs);
    };
    this.#shown = [...this.#shown, toast];
    this.onChange();
    return away;
  }

  template() {
    const row = ({text, label, act, hold, go}) => html`
      <div class="toast" @pointerenter=${hold} @pointerleave=${go} @focusin=${hold} @focusout=${go}>
        <span>${text}</span>
        ${label ? html`<button class="quiet" @click=${act}>${label}</button>` : nothing}
      </div>
    `;
    return html`<div class="toasts" role="status" aria-live="polite">${repeat(this.#shown, (each) => each.id, row)}</div>`;
  }
}
