// @ts-check
/** Where the caret stands in a JSON text that is still being written: a syntax tree knows little of what is not there yet. */

/**
 * @typedef {object} Place
 * @property {"name" | "value"} expects
 * @property {string[]} path of the object for a name, of the member for a value; arrays are left out, as in the catalog
 * @property {number} from where the word at the caret begins
 * @property {number} to where it ends
 * @property {Set<string>} there the names the object has already, the one at the caret apart
 * @property {boolean} named whether a colon follows the word
 */

/** @typedef {{list: boolean, name: string, named: boolean, names: Set<string>}} Level an object or a list that is open */

const TOKEN = /"(?:[^"\\\n]|\\.)*"?|[{}[\]:,]|[^\s"{}[\]:,]+/g;

/** @param {string} text @param {number} caret @returns {Place | null} null where nothing belongs */
export function placeOf(text, caret) {
  /** @type {Level[]} */
  const levels = [];
  /** @type {{from: number, to: number} | null} */
  let word = null;
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match && match.index < caret; match = TOKEN.exec(text)) {
    const end = match.index + match[0].length;
    if (isWord(match[0]) && end >= caret && !closedBefore(match[0], end, caret)) {
      word = { from: match.index, to: end };
      break;
    }
    take(levels, match[0]);
  }
  const level = levels.at(-1);
  const { from, to } = word ?? { from: caret, to: caret };
  if (!level) return null;
  const expects = !level.list && !level.named ? "name" : "value";
  const path = levels.filter((each) => !each.list).map((each) => each.name);
  if (expects === "name") path.pop();
  return { expects, path, from, to, there: namesFrom(text, to, level), named: /^\s*:/.test(text.slice(to, to + 40)) };
}

/** @param {string} token */
function isWord(token) {
  return !/^[{}[\]:,]$/.test(token);
}

/** Behind its last quote a text is over. @param {string} token @param {number} end @param {number} caret */
function closedBefore(token, end, caret) {
  return end === caret && token.length > 1 && token.endsWith('"');
}

/** @param {Level[]} levels @param {string} token */
function take(levels, token) {
  const level = levels.at(-1);
  switch (token) {
    case "{":
    case "[":
      levels.push({ list: token === "[", name: "", named: false, names: new Set() });
      break;
    case "}":
    case "]":
      levels.pop();
      break;
    case ":":
      if (level) level.named = true;
      break;
    case ",":
      if (level) level.named = false;
      break;
    default:
      if (level && !level.list && !level.named) {
        level.name = token.replace(/^"|"$/g, "");
        level.names.add(level.name);
      }
  }
}

/** The names before the caret, and those that follow it in the same object. @param {string} text @param {number} from @param {Level} level */
function namesFrom(text, from, level) {
  const names = new Set(level.names);
  const levels = [{ ...level, names }];
  // What comes directly behind the caret ends the member there.
  TOKEN.lastIndex = from;
  for (let match = TOKEN.exec(text); match && levels.length; match = TOKEN.exec(text)) take(levels, match[0]);
  return names;
}
