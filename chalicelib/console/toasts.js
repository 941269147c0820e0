// Short messages at the edge, some with a way back.

import {icon} from "./icons.js";
import {html, nothing, repeat} from "./lit.js";

const HOLD_MS = 6000;

export class Toasts {
  #shown = [];
  #next = 0;

  constructor(onChange) {
    this.onChange = onChange;
  }

  /**
   * Gives a function that takes the message away. `action` takes it away, too; `gone` is called when time has.
   * @param {string | (() => string)} text a function is asked at each drawing: for what goes on
   * @param {{label?: string, action?: () => void, gone?: () => void, holdMs?: number}} ways `holdMs` Infinity: until somebody
   *   takes it away; one that says what is over has a button for that
   */
  show(text, {label, action, gone, holdMs = HOLD_MS} = {}) {
    const toast = {id: this.#next++, text, label, isKept: holdMs === Infinity && typeof text === "string"};
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
    const later = () => (holdMs === Infinity ? 0 : setTimeout(over, holdMs));
    toast.away = away;
    let timer = later();
    // Who is about to press its button gets the time to.
    toast.hold = () => clearTimeout(timer);
    toast.go = () => {
      clearTimeout(timer);
      // The focus leaves a message also because the message goes.
      if (!isAway) timer = later();
    };
    this.#shown = [...this.#shown, toast];
    this.onChange();
    return away;
  }

  template() {
    // What counts up is not read out at each step.
    const said = (text) => (typeof text === "string" ? html`<span>${text}</span>` : html`<span class="numbers" aria-live="off">${text()}</span>`);
    const row = ({text, label, isKept, act, away, hold, go}) => html`
      <div class="toast" @pointerenter=${hold} @pointerleave=${go} @focusin=${hold} @focusout=${go}>
        ${said(text)}
        <span class="toast-deeds">
          ${label ? html`<button class="quiet" @click=${act}>${label}</button>` : nothing}
          ${isKept ? html`<button class="quiet" aria-label="Dismiss" @click=${away}>${icon("close")}</button>` : nothing}
        </span>
      </div>
    `;
    return html`<div class="toasts" role="status" aria-live="polite">${repeat(this.#shown, (each) => each.id, row)}</div>`;
  }
}
