// @ts-check
/** JSON as source text: laid out anew without touching a number or a string, and taken apart into the texts of its parts. */
import { membersOf, valueOf } from "./json_members.js";

export { itemsOf, valueOf } from "./json_members.js";

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s"{}[\]:,]+/g;

/** Whether two texts hold the same value, however they are laid out. @param {string} one @param {string} other */
export function sameJson(one, other) {
  if (one === other) return true;
  const [left, right] = [valueOf(one), valueOf(other)];
  return left !== undefined && right !== undefined && JSON.stringify(left) === JSON.stringify(right);
}

/** Lay a JSON text out for reading, every literal as it was; a text that is no JSON stays as it is. @param {string} text */
export function laidOut(text) {
  if (valueOf(text) === undefined) return text;
  let out = "";
  let depth = 0;
  let before = "";
  for (const [token] of text.matchAll(TOKEN)) {
    const opens = before === "{" || before === "[";
    if (token === "}" || token === "]") {
      depth -= 1;
      out += opens ? token : `${line(depth)}${token}`;
    } else if (token === ":") {
      out += ": ";
    } else if (token === ",") {
      out += `,${line(depth)}`;
    } else {
      out += opens ? line(depth) + token : token;
      if (token === "{" || token === "[") depth += 1;
    }
    before = token;
  }
  return out;
}

/** A text as it would stand at the margin: what its later lines have in common in front of them is left out. @param {string} text */
export function atMargin(text) {
  // Between the tokens of JSON only: a string holds no line break.
  const [first = "", ...rest] = text.split("\n");
  const common = Math.min(...rest.filter((each) => each.trim()).map((each) => each.length - each.trimStart().length));
  return Number.isFinite(common) && common > 0 ? [first, ...rest.map((each) => each.slice(common))].join("\n") : text;
}

/** @param {number} depth */
function line(depth) {
  return `\n${"  ".repeat(depth)}`;
}

/** The members of an object by name, source texts; of doubles the last. @param {string} text @returns {Map<string, string>} */
export function memberMap(text) {
  return new Map(membersOf(text) ?? []);
}

/**
 * An object of these members on one line, or over several where a value is an object or a list.
 * @param {Iterable<[string, string]>} members
 */
export function objectText(members) {
  const parts = [...members].map(([name, source]) => `${JSON.stringify(name)}: ${source}`);
  return `{${parts.join(", ")}}`;
}
