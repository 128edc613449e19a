// @ts-check
/** One block of Markdown → nodes: marked, then the sanitiser, then what the page adds around code, tables and math. */
import { make } from "../dom.js";
import { codeBlock } from "./code.js";
import { formula } from "./math.js";
import { mathExtensions } from "./math_syntax.js";
import { engineFailed, loadEngine, markdownEngine } from "./engine_loader.js";
import { purifierMake, sanitise } from "./sanitise.js";

/** @import { Block } from "./blocks.js" */
/** @import { Engine } from "./engine_loader.js" */

/** A block beyond these bounds is shown as plain text: no renderer may be slow or recurse on it. */
const MAX_BLOCK = 16_384;
const MAX_MARKS = 1_500;
const MAX_QUOTES = /^[ \t]*(?:>[ \t]*){16}/m;
const MAX_INDENT = /^[ \t]{64}[ \t]*(?:[-*+>]|\d{1,9}[.)])/m;
const MAX_ITEMS_IN_ONE_LINE = /^[ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+){16}/m;
/** Plain text is laid out in pieces of this size, so that adding to it stays cheap. */
export const PLAIN_PIECE = 4_096;

/** Raw HTML is shown as the text it is, but for these few, which say nothing but how to set a word. */
const HARMLESS_TAG = /^<(?:br|\/?(?:sub|sup|kbd))\s*\/?>/i;

/** @type {((source: string) => DocumentFragment) | null} */
let fragmentOf = null;

/** @param {Engine} engine @returns {(source: string) => DocumentFragment} Markdown → safe nodes */
function rendererMake(engine) {
  const marked = new engine.Marked({
    gfm: true,
    async: false,
    extensions: mathExtensions,
    tokenizer: {
      html: () => undefined,
      tag(text) {
        const match = HARMLESS_TAG.exec(text);
        if (!match) return undefined;
        return { type: "html", raw: match[0], text: match[0], block: false, inLink: false, inRawBlock: false };
      },
    },
  });
  const purifier = purifierMake(engine);
  return (source) => sanitise(purifier, /** @type {string} */ (marked.parse(source)));
}

/** Whether blocks can be rendered now, even if only as plain text; asking begins to load what is missing. */
export function isReady() {
  const engine = markdownEngine();
  if (engine) fragmentOf ??= rendererMake(engine);
  else loadEngine();
  return fragmentOf !== null || engineFailed();
}

/**
 * The nodes of one block, in a fragment.
 * @param {Block} block
 * @param {Outline} outline what headings came before; advanced by this block's headings
 */
export function renderBlock(block, outline) {
  const fragment = document.createDocumentFragment();
  if (block.kind === "code") {
    fragment.append(codeBlock(block.info, block.source));
  } else if (block.kind === "math") {
    fragment.append(make("p", { class: "prose__math" }, formula(block.source, true)));
  } else if (fragmentOf === null || isExcessive(block.source)) {
    fragment.append(...plainText(block.source));
  } else {
    return decorate(fragmentOf(block.source), outline);
  }
  return fragment;
}

/** Whether rendering the text as Markdown could be slow, or deeper than the stack. @param {string} source */
export function isExcessive(source) {
  return (
    source.length > MAX_BLOCK ||
    MAX_QUOTES.test(source) ||
    MAX_INDENT.test(source) ||
    MAX_ITEMS_IN_ONE_LINE.test(source) ||
    marks(source) > MAX_MARKS
  );
}

/** How often a character occurs that makes an inline parser look ahead. @param {string} source */
function marks(source) {
  let count = 0;
  for (let at = 0; at < source.length; at += 1) {
    const code = source.charCodeAt(at);
    // [ ! ( < * _ ~ ` $
    if (code === 91 || code === 33 || code === 40 || code === 60 || code === 42 || code === 95 || code === 126) count += 1;
    else if (code === 96 || code === 36) count += 1;
  }
  return count;
}

/** @param {string} source @returns {HTMLElement[]} */
export function plainText(source) {
  const pieces = [];
  for (let at = 0; at < source.length; ) {
    let end = Math.min(at + PLAIN_PIECE, source.length);
    const newline = source.lastIndexOf("\n", end);
    if (end < source.length && newline > at) end = newline + 1;
    pieces.push(make("p", { class: "prose__plain" }, source.slice(at, end)));
    at = end;
  }
  return pieces;
}

/** Keeps the levels of an answer's headings in order below the page's own title, whatever the model chose. */
export class Outline {
  #level = 1;

  /** @param {number} level as written @returns {number} as announced */
  next(level) {
    this.#level = Math.min(level + 1, this.#level + 1, 6);
    return this.#level;
  }

  copy() {
    const copy = new Outline();
    copy.#level = this.#level;
    return copy;
  }
}

/** @param {DocumentFragment} fragment @param {Outline} outline */
function decorate(fragment, outline) {
  for (const heading of fragment.querySelectorAll("h1, h2, h3, h4, h5, h6")) {
    heading.setAttribute("aria-level", String(outline.next(Number(heading.tagName[1]))));
  }
  for (const code of fragment.querySelectorAll("pre > code")) {
    const info = code.className.replace(/^language-/, "");
    code.parentElement?.replaceWith(codeBlock(info, code.textContent ?? ""));
  }
  fragment.querySelectorAll("table").forEach(frameTable);
  fragment.querySelectorAll("li").forEach(markItem);
  for (const code of fragment.querySelectorAll("code.math-inline, code.math-display")) {
    code.replaceWith(formula(code.textContent ?? "", code.className === "math-display"));
  }
  dropBlanks(fragment);
  return fragment;
}

/** What `:has()` could ask as well, if that did not cost a look at the whole answer with each new word. @param {Element} item */
function markItem(item) {
  if (item.querySelector(":scope > :is(p, ul, ol)")) item.classList.add("prose__blocks");
  if (item.querySelector(':scope > input[type="checkbox"]')) item.classList.add("prose__task");
}

/** @param {HTMLTableElement} table */
function frameTable(table) {
  for (const cell of table.querySelectorAll("th")) cell.setAttribute("scope", "col");
  const frame = make("div", { class: "prose__scroll" });
  table.replaceWith(frame);
  frame.append(table);
}

/** marked writes a line break between blocks; as nodes they would only be in the way. @param {DocumentFragment} fragment */
function dropBlanks(fragment) {
  for (const node of [...fragment.childNodes]) {
    if (node.nodeType === Node.TEXT_NODE && node.textContent?.trim() === "") node.remove();
  }
}
