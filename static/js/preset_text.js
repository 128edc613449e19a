// @ts-check
/** The variables of a text, as `conversations/preset_text.py` finds them. */

const TAG = /(?<!\{)\{\{[ \t]*((?!\p{Nd})[\p{L}\p{N}_][\p{L}\p{N}_]{0,59})[ \t]*\}\}(?!\})/gu;

/** Each name once, in order of appearance. @param {string} text */
export function namesIn(text) {
  return [...new Set([...text.matchAll(TAG)].map((match) => match[1] ?? ""))];
}
