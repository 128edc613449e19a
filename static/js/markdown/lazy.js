// @ts-check
/** Work that waits for a part of the code to load and is then done bit by bit, so that no frame is held up. */

/** A slice of work may take this long, in ms. */
const SLICE = 6;

/**
 * A queue of elements for `work`, which comes with a module loaded when the first element arrives.
 * @template M
 */
export class LazyQueue {
  #load;
  #work;
  #prepare;
  /** @type {HTMLElement[]} */
  #waiting = [];
  /** @type {M | undefined} */
  #module;
  #busy = false;

  /**
   * @param {() => Promise<M>} load
   * @param {(module: M, element: HTMLElement) => void} work
   * @param {() => void} [prepare] done before each slice, while the page is laid out: what asks for that belongs here
   */
  constructor(load, work, prepare) {
    this.#load = load;
    this.#work = work;
    this.#prepare = prepare;
  }

  /** The module once it is there. */
  get module() {
    return this.#module;
  }

  /** @param {HTMLElement} element */
  add(element) {
    this.#waiting.push(element);
    if (this.#busy) return;
    this.#busy = true;
    void this.#start();
  }

  async #start() {
    try {
      this.#module ??= await this.#load();
    } catch (error) {
      // Offline or mid-deployment: the text stays readable as it is; the next element tries again.
      console.warn("A part of the page could not be loaded.", error);
      this.#busy = false;
      return;
    }
    whenIdle(this.#slice);
  }

  #slice = () => {
    const module = this.#module;
    const end = performance.now() + SLICE;
    this.#prepare?.();
    while (module && this.#waiting.length && performance.now() < end) {
      const element = this.#waiting.shift();
      if (element?.isConnected) this.#work(module, element);
    }
    this.#busy = this.#waiting.length > 0;
    if (this.#busy) whenIdle(this.#slice);
  };
}

/** @param {() => void} work */
function whenIdle(work) {
  if ("requestIdleCallback" in window) requestIdleCallback(work, { timeout: 500 });
  else setTimeout(work, 16);
}
