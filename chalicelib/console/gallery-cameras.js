// The owner's cameras, as far as photos have to be told apart by them.

/** What may change is not asked for more often. */
const AGAIN_MS = 10_000;

export class GalleryCameras {
  #app;
  #tried;
  #signal;
  #askedAtMs = -Infinity;

  /** Of GET /devices; null before the first answer. */
  list = null;

  /**
   * @param {(deed: () => Promise<unknown>) => Promise<boolean>} tried says what goes wrong
   * @param {AbortSignal} signal
   */
  constructor(app, tried, signal) {
    this.#app = app;
    this.#tried = tried;
    this.#signal = signal;
  }

  async look() {
    this.#askedAtMs = this.#app.now();
    await this.#tried(async () => {
      const found = [];
      for await (const page of this.#app.api.pages("/devices", {}, {signal: this.#signal})) found.push(...page.items);
      this.list = found;
    });
    this.#app.changed();
  }

  lookAgain() {
    if (this.#app.now() - this.#askedAtMs >= AGAIN_MS) this.look();
  }

  get areSeveral() {
    return (this.list?.length ?? 0) >= 2;
  }

  /** As far as is known. */
  has(deviceId) {
    return this.list === null || this.list.some((each) => each.device_id === deviceId);
  }

  nameOf(deviceId) {
    // One that was paired since.
    if (!this.has(deviceId)) this.lookAgain();
    return this.list?.find((each) => each.device_id === deviceId)?.name || "Camera";
  }
}
