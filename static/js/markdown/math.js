// @ts-check
/** Formulas: the source as code until KaTeX is there, MathML afterwards. */
import { make } from "../dom.js";
import { LazyQueue } from "./lazy.js";

/** Longer sources stay as they are. */
const MAX_SOURCE = 4_000;
/** A live block shows its formulas again and again: the newest results are kept. */
const MAX_KEPT = 200;

/** @type {Map<string, Element | null>} null: KaTeX refused it */
const kept = new Map();

/** @type {LazyQueue<typeof import("./katex.js")>} */
const formulas = new LazyQueue(
  () => import("./katex.js"),
  (katex, code) => {
    const set = typeset(katex, code.textContent ?? "", code.className === "math-display");
    if (set) code.replaceWith(set);
  },
);

/**
 * @param {string} source TeX
 * @param {boolean} display on a line of its own
 * @returns {Element}
 */
export function formula(source, display) {
  const code = make("code", { class: display ? "math-display" : "math-inline" }, source);
  if (source.length > MAX_SOURCE) return code;
  if (formulas.module) return typeset(formulas.module, source, display) ?? code;
  formulas.add(code);
  return code;
}

/**
 * @param {typeof import("./katex.js")} katex
 * @param {string} source
 * @param {boolean} display
 */
function typeset(katex, source, display) {
  const key = `${display}${source}`;
  let set = kept.get(key);
  if (set === undefined) {
    set = katex.typeset(source, display);
    if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value ?? "");
    kept.set(key, set);
  }
  return /** @type {Element | null} */ (set?.cloneNode(true) ?? null);
}
