// @ts-check
/** Text shown as it is (`white-space: pre-wrap`), which only ever grows. */
import { make } from "../dom.js";

/** A piece that is longer ends at its next line break: adding to a long one costs ever more layout. */
const LONG = 4_096;

export class PlainView {
  #container;
  /** @type {Text | null} */
  #last = null;

  /** @param {HTMLElement} container */
  constructor(container) {
    this.#container = container;
  }

  /** @param {string} text */
  append(text) {
    // The breaks at the end of a piece stand in it, so the pieces below each other look like one text.
    for (const line of text.split(/(?<=\n)/)) {
      if (!this.#last || this.#isComplete(this.#last.data, line)) {
        this.#last = document.createTextNode("");
        this.#container.append(make("div", {}, this.#last));
      }
      this.#last.appendData(line);
    }
  }

  /** @param {string} shown @param {string} next */
  #isComplete(shown, next) {
    if (!shown.endsWith("\n") || next.startsWith("\n")) return false;
    return shown.endsWith("\n\n") || shown.length > LONG;
  }
}
