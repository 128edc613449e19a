// @ts-check
/**
 * What changed between two texts, by words, within bounds: where the words differ too much it is told by lines, where the
 * lines do, as one text gone and another one come.
 */
import { diffArrays } from "diff";

/** Steps and time after which a finer comparison is given up. */
const BOUNDS = { maxEditLength: 6_000, timeout: 700 };
/** Characters of both texts that are still cut into words. */
const LONG = 400_000;

/** @typedef {{kind: "same" | "gone" | "come", text: string}} Piece */

/**
 * @param {string} before @param {string} after
 * @param {string} language in which words are found, for texts that write none of their ends
 * @returns {Piece[]}
 */
export function changes(before, after, language) {
  const short = before.length + after.length <= LONG;
  const words = short && compared(wordsOf(before, language), wordsOf(after, language));
  if (words) return joined(words);
  const lines = compared(before.split(/(?<=\n)/), after.split(/(?<=\n)/));
  if (lines) return joined(lines);
  return joined([
    { kind: "gone", text: before },
    { kind: "come", text: after },
  ]);
}

/** How many words a text has. @param {string} text @param {string} language */
export function wordCount(text, language) {
  let count = 0;
  for (const { isWordLike } of segmenter(language).segment(text)) count += Number(isWordLike);
  return count;
}

/** @param {string} language */
function segmenter(language) {
  return new Intl.Segmenter(language, { granularity: "word" });
}

/** @param {string} text @param {string} language */
function wordsOf(text, language) {
  return [...segmenter(language).segment(text)].map(({ segment }) => segment);
}

/** @param {string[]} before @param {string[]} after @returns {Piece[] | null} null where the bounds are passed */
function compared(before, after) {
  const found = diffArrays(before, after, BOUNDS);
  if (!found) return null;
  return found.map(({ value, added, removed }) => ({
    kind: added ? "come" : removed ? "gone" : "same",
    text: value.join(""),
  }));
}

/** What went and what came stand together; a space between two changes belongs to both. @param {Piece[]} pieces @returns {Piece[]} */
function joined(pieces) {
  /** @type {Piece[]} */
  const result = [];
  let gone = "";
  let come = "";
  const flush = () => {
    if (gone) result.push({ kind: "gone", text: gone });
    if (come) result.push({ kind: "come", text: come });
    gone = come = "";
  };
  for (const [place, { kind, text }] of pieces.entries()) {
    const between = (gone || come) && place < pieces.length - 1 && /^[^\S\n]+$/.test(text);
    if (kind === "gone" || (kind === "same" && between)) gone += text;
    if (kind === "come" || (kind === "same" && between)) come += text;
    if (kind !== "same" || between) continue;
    flush();
    result.push({ kind, text });
  }
  flush();
  return result;
}
