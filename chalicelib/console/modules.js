// Loading modules a few at a time, and again where that fails. Each is a call of a Lambda function, of which a new AWS
// account may run ten at once; a browser asks for all at once, and gives a page up for one that is refused. What this file
// itself would import is asked for so: that is why the queue is here.

const AT_ONCE = 4;
const WAITS_MS = [500, 1000, 2000, 4000];
const IMPORTS = /(?:from|import)\s*"(\.\/[^"]+\.js)"/g;

export class NotLoaded extends Error {
  /** @param {number | null} status null where nobody has answered */
  constructor(url, status) {
    super(`${url}: ${status}`);
    this.status = status;
  }
}

/** A queue at a door: so many tasks at once, and no more. */
export class Turns {
  #free;
  #waiting = [];

  /** @param {number} atOnce */
  constructor(atOnce) {
    this.#free = atOnce;
  }

  /** What the task gives, when it has had its turn. @template T @param {() => Promise<T>} task @returns {Promise<T>} */
  take = async (task) => {
    if (this.#free) this.#free--;
    else await new Promise((go) => this.#waiting.push(go));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  };
}

const turns = new Turns(AT_ONCE);

/** The module of that URL once all that it imports lies in the browser's cache. Throws NotLoaded where something cannot be had. */
export async function loaded(name) {
  const start = new URL(name, import.meta.url).href;
  const seen = new Set([start]);
  const visit = async (url) => {
    const text = await turns.take(() => textOf(url));
    const more = [...text.matchAll(IMPORTS)].map(([, found]) => new URL(found, url).href).filter((each) => !seen.has(each));
    for (const each of more) seen.add(each);
    await Promise.all(more.map(visit));
  };
  await visit(start);
  return import(start);
}

async function textOf(url) {
  for (const waitMs of [...WAITS_MS, null]) {
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok) return answer.text();
    if (waitMs === null || (answer && answer.status < 500 && answer.status !== 429)) throw new NotLoaded(url, answer?.status ?? null);
    await new Promise((go) => setTimeout(go, waitMs));
  }
}
