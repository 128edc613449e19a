// @ts-check
/**
 * Markdown that grows, in an element. Used for live and for saved text alike, so both look the same.
 *
 * `append` only takes note. `paint` does the work until its time is up: each closed block is rendered once, the open
 * one is brought up to date in place. A long text therefore costs time in proportion to its length.
 */
import { BlockSplitter } from "./blocks.js";
import { GrowingCode, colour } from "./code.js";
import { morph } from "./morph.js";
import { Parts } from "./parts.js";
import { Outline, PLAIN_PIECE, isExcessive, isReady, plainText, renderBlock } from "./render.js";

/** @import { Block } from "./blocks.js" */

/** After showing the open block again, wait so many times as long as that took: at most a fifth of the time goes there. */
const REST = 4;
/** Past so many characters an answer is shown as plain text: the browser itself grows slow on that many elements. */
const MAX_RENDERED = 500_000;

export class MarkdownView {
  #parts;
  #splitter = new BlockSplitter();
  #outline = new Outline();
  /** @type {Block[]} closed, not yet painted */
  #waiting = [];
  /** Whether the open block changed since it was painted. */
  #stale = false;
  /** No earlier than this is the open block painted again. */
  #notBefore = 0;
  /** Characters of all closed blocks. */
  #rendered = 0;
  /** @type {Tail | null} how the open block is shown */
  #tail = null;

  /** @param {HTMLElement} container its present children stay, above what is rendered */
  constructor(container) {
    this.#parts = new Parts(container);
  }

  /** @param {string} text */
  append(text) {
    this.#waiting.push(...this.#splitter.feed(text));
    this.#stale = true;
  }

  /** No more text will come. */
  end() {
    this.#waiting.push(...this.#splitter.close());
    this.#stale = this.#tail !== null;
    this.#notBefore = 0;
  }

  /**
   * Bring the element up to date.
   * @param {number} until stop starting new blocks at this `performance.now()`
   * @returns {boolean} whether nothing is left to do
   */
  paint(until) {
    if (!isReady()) return false;
    while (this.#waiting.length) {
      this.#paintClosed(/** @type {Block} */ (this.#waiting.shift()));
      this.#stale = true;
      if (performance.now() >= until) return false;
    }
    return this.#paintOpen();
  }

  /** @param {Block} block */
  #paintClosed(block) {
    this.#rendered += block.source.length;
    if (this.#rendered > MAX_RENDERED) block = { ...block, kind: "plain", joins: false };
    const tail = this.#tail ?? this.#newTail(block);
    tail.show(block, this.#outline);
    for (const node of tail.nodes) if (node instanceof HTMLElement) colour(node);
    this.#parts.closed(block);
    this.#tail = null;
  }

  #paintOpen() {
    if (!this.#stale) return true;
    const started = performance.now();
    if (started < this.#notBefore) return false;
    const block = this.#splitter.open;
    if (block) {
      this.#tail ??= this.#newTail(block);
      this.#tail.show(block, this.#outline.copy());
      const ended = performance.now();
      this.#notBefore = ended + REST * (ended - started);
    } else {
      this.#tail?.remove();
      this.#tail = null;
    }
    this.#stale = false;
    return true;
  }

  /** @param {Block} block */
  #newTail(block) {
    const place = block.joins ? placeToJoin(block, this.#parts.last.lastElementChild) : null;
    return new Tail(place ?? this.#parts.next(), place !== null);
  }
}

/** The list or table body that a part continues. @param {Block} block @param {Element | null} before */
function placeToJoin(block, before) {
  if (block.kind === "list") return before?.matches("ol, ul") ? before : null;
  if (block.kind === "table") return before?.querySelector("tbody") ?? null;
  return null;
}

/** The nodes of one block while it is open. */
class Tail {
  /** @type {ChildNode[]} */
  nodes = [];
  #parent;
  #joined;
  /** @type {GrowingCode | GrowingPlain | null} a kind of text that is only ever added to */
  #growing = null;

  /** @param {Element} parent @param {boolean} joined whether `parent` is the list or table body of the part before */
  constructor(parent, joined) {
    this.#parent = parent;
    this.#joined = joined;
  }

  /** @param {Block} block @param {Outline} outline */
  show(block, outline) {
    if (block.kind === "code") {
      const code = this.#growing instanceof GrowingCode ? this.#growing : new GrowingCode(block.info);
      code.grow(block.source);
      if (code !== this.#growing) this.#replace([code.element]);
      this.#growing = code;
    } else if (this.#growing instanceof GrowingPlain || isTooMuch(block)) {
      const plain = this.#growing instanceof GrowingPlain ? this.#growing : new GrowingPlain();
      if (plain !== this.#growing) this.#replace([]);
      this.#growing = plain;
      this.nodes.push(...plain.grow(block.source));
      for (const node of this.nodes) if (!node.parentNode) this.#parent.append(node);
    } else {
      this.#replace(this.#wanted(rendered(block, outline)));
    }
  }

  remove() {
    this.#replace([]);
  }

  /** @param {DocumentFragment} fragment @returns {ChildNode[]} */
  #wanted(fragment) {
    if (!this.#joined) return [...fragment.childNodes];
    const inner = fragment.querySelector(this.#parent.tagName.toLowerCase());
    return [...(inner?.childNodes ?? fragment.childNodes)].filter((node) => node instanceof Element);
  }

  /** @param {ChildNode[]} wanted */
  #replace(wanted) {
    this.nodes = morph(this.#parent, this.nodes, wanted);
  }
}

/** @param {Block} block */
function isTooMuch(block) {
  return block.kind === "plain" || (block.kind !== "math" && isExcessive(block.source));
}

/**
 * A block that the renderer fails on is shown as it is, and the fault reported.
 * @param {Block} block
 * @param {Outline} outline
 */
function rendered(block, outline) {
  try {
    return renderBlock(block, outline);
  } catch (error) {
    reportError(error);
    const fragment = document.createDocumentFragment();
    fragment.append(...plainText(block.source));
    return fragment;
  }
}

/** Text that no renderer should touch: shown as it is, in pieces. */
class GrowingPlain {
  #shown = 0;
  /** @type {HTMLElement | null} */
  #last = null;

  /** @param {string} text the text shown before, and more @returns {HTMLElement[]} pieces to add */
  grow(text) {
    const added = text.slice(this.#shown);
    this.#shown = Math.max(this.#shown, text.length);
    if (added === "") return [];
    if (this.#last && (this.#last.textContent?.length ?? 0) + added.length <= PLAIN_PIECE) {
      this.#last.append(added);
      return [];
    }
    const pieces = plainText(added);
    this.#last = pieces.at(-1) ?? null;
    return pieces;
  }
}
