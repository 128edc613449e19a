// @ts-check
/** The text of an answer as it came, beside what is rendered of it: for copying, for comparing, and for a check. */

/** Characters of one text node: a longer one would be copied with each word, and thousands of words are a long task to join. */
const PIECE = 16_000;

/** @param {HTMLElement} source @param {string} text */
export function addToSource(source, text) {
  const last = source.lastChild;
  if (last instanceof Text && last.length < PIECE) last.appendData(text);
  else source.append(text);
}
