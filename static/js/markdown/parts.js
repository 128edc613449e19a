// @ts-check
/**
 * A long text stands in parts: its first blocks in the element itself, the others in one `.prose__part` after the other.
 * Nothing in a part reaches out of it (prose.css): the browser lays out and paints the last one with a new word and passes
 * over the others, however long the answer is.
 *
 * What stands in which part depends on the blocks alone, so live and saved text are the same nodes.
 */
import { make } from "../dom.js";

/** @import { Block } from "./blocks.js" */

/** A part is full with so many characters; a block counts as so many more, because each is laid out by itself. */
const FULL = 3_000;
const BLOCK = 50;

export class Parts {
  #container;
  /** @type {HTMLElement} where blocks are added now */
  #current;
  #size = 0;

  /** @param {HTMLElement} container */
  constructor(container) {
    this.#container = this.#current = container;
  }

  /** Where the last blocks stand. */
  get last() {
    return this.#current;
  }

  /** Where a block that begins now belongs. */
  next() {
    if (this.#size < FULL) return this.#current;
    this.#current = make("div", { class: "prose__part" });
    this.#container.append(this.#current);
    this.#size = 0;
    return this.#current;
  }

  /** @param {Block} block one that will not change any more */
  closed(block) {
    this.#size += block.source.length + BLOCK;
  }
}
