// @ts-check
/** The members of a JSON object and the items of an array as source text, so that each keeps every digit. */

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s"{}[\]:,]+/g;

/**
 * @param {string} text
 * @returns {[string, string][] | null} name and source text, doubles included; null where the text is no JSON object
 */
export function membersOf(text) {
  const value = valueOf(text);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  return entriesOf(text).map(([name, source]) => [String(JSON.parse(name)), source]);
}

/** The items of a JSON array as source text; null where the text is no JSON array. @param {string} text */
export function itemsOf(text) {
  return Array.isArray(valueOf(text)) ? entriesOf(text).map(([, source]) => source) : null;
}

/**
 * @param {string} text a JSON array or object
 * @returns {[string, string][]} for each entry the source texts of its name ("" in an array) and its value
 */
function entriesOf(text) {
  /** @type {[string, string][]} */
  const entries = [];
  let depth = 0;
  let name = "";
  let start = -1;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    const closes = token === "}" || token === "]";
    if (depth === 1 && (token === "," || closes)) {
      if (start !== -1) entries.push([name, text.slice(start, index).trim()]);
      start = -1;
      name = "";
    } else if (depth === 1 && token === ":") {
      name = text.slice(start, index).trim();
      start = -1;
    } else if (depth === 1 && start === -1) {
      start = index;
    }
    if (token === "{" || token === "[") depth += 1;
    else if (closes) depth -= 1;
  }
  return entries;
}

/** @param {[string, string][]} members */
export function objectOf(members) {
  if (!members.length) return "";
  return `{\n${members.map(([name, source]) => `  ${JSON.stringify(name)}: ${source}`).join(",\n")}\n}`;
}

/** The value of a text, undefined where it is no JSON. @param {string} text @returns {unknown} */
export function valueOf(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
