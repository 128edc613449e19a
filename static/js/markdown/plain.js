// @ts-check
/** Text that is shown as it is, in paragraphs, and only ever grows. */
import { make } from "../dom.js";

/** A paragraph without an empty line is ended here all the same: adding to a long one costs ever more. */
const LONG = 4_096;

export class PlainView {
  #container;
  /** @type {Text | null} */
  #last = null;
  /** Line breaks at the end, shown only when something follows. */
  #breaks = "";

  /** @param {HTMLElement} container */
  constructor(container) {
    this.#container = container;
  }

  /** @param {string} text */
  append(text) {
    for (const piece of text.split(/(\n+)/)) {
      if (piece === "") continue;
      if (piece.startsWith("\n")) this.#breaks += piece;
      else this.#words(piece);
    }
  }

  /** @param {string} words without line breaks */
  #words(words) {
    const newParagraph = this.#breaks.length > 1 || (this.#breaks.length === 1 && (this.#last?.length ?? 0) > LONG);
    if (!this.#last || newParagraph) {
      this.#last = document.createTextNode("");
      this.#container.append(make("p", {}, this.#last));
    } else if (this.#breaks) {
      this.#last.appendData("\n");
    }
    this.#breaks = "";
    this.#last.appendData(words);
  }
}
