// @ts-check
/** A block of code: its text, a corner with language and copy button, colours once the highlighter is there. */
import { gettext } from "../i18n.js";
import { icon } from "../icons.js";
import { fresh, make } from "../dom.js";
import { LazyQueue } from "./lazy.js";

/** Longer code stays in one colour: colouring it would hold up the page. */
const MAX_COLOURED = 16_384;
/** Code is laid out in pieces of about this many characters, so that adding a line stays cheap however long it is. */
const PIECE = 2_048;

/** What is selected now. Asking lays the page out, so it is asked once for many blocks. @type {Range | null} */
let selected = null;

const colours = new LazyQueue(
  () => import("./highlight.js"),
  (highlighter, code) => {
    const language = code.dataset["language"] ?? "";
    if (selected?.intersectsNode(code)) return;
    const nodes = highlighter.coloured(code.textContent ?? "", language);
    if (nodes) code.replaceChildren(nodes);
  },
  () => {
    const selection = document.getSelection();
    selected = selection?.type === "Range" ? selection.getRangeAt(0) : null;
  },
);

/**
 * Code that still grows. Its element is `element`; `grow` takes the whole text so far.
 */
export class GrowingCode {
  #code;
  #shown = 0;
  /** @type {Text | null} */
  #piece = null;

  /** @param {string} info the fence's info string */
  constructor(info) {
    const language = (info.split(/[\s,{]/, 1)[0] ?? "").toLowerCase().slice(0, 30);
    this.#code = make("code", { "data-language": language });
    this.element = make("div", { class: "code" }, corner(language), make("pre", { tabindex: "0" }, this.#code));
  }

  /** @param {string} text the text shown before, and more */
  grow(text) {
    while (this.#shown < text.length) {
      if (!this.#piece || this.#piece.length > PIECE) {
        this.#piece = document.createTextNode("");
        this.#code.append(make("span", { class: "code__part" }, this.#piece));
      }
      const newline = text.indexOf("\n", this.#shown + Math.max(PIECE - this.#piece.length, 0));
      const end = newline === -1 ? text.length : newline + 1;
      this.#piece.appendData(text.slice(this.#shown, end));
      this.#shown = end;
    }
  }
}

/** @param {string} info @param {string} text */
export function codeBlock(info, text) {
  const code = new GrowingCode(info);
  code.grow(text);
  return code.element;
}

/** Colour, a little later, the code at or below `root` that names its language. @param {ParentNode} root */
export function colour(root) {
  for (const code of fresh(root, "code[data-language]")) {
    const length = code.textContent?.length ?? 0;
    if (code.dataset["language"] && length > 0 && length <= MAX_COLOURED) colours.add(code);
  }
}

/** @param {string} language */
function corner(language) {
  const look = { type: "button", class: "iconbtn iconbtn--small", "data-copy-code": "" };
  const copy = make("button", look, icon("copy", "small"));
  copy.setAttribute("aria-label", gettext("Copy code"));
  return make("div", { class: "code__corner" }, make("span", {}, language), copy);
}
