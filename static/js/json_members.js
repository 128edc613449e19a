// @ts-check
/** The members of a JSON object as source text, so that one can go while the others keep every digit. */

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s"{}[\]:,]+/g;

/**
 * @param {string} text
 * @returns {[string, string][] | null} name and source text, doubles included; null where the text is no JSON object
 */
export function membersOf(text) {
  if (!isObject(text)) return null;
  /** @type {[string, string][]} */
  const members = [];
  let depth = 0;
  let name = "";
  let start = -1;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    if ((token === "," || token === "}") && depth === 1 && start !== -1) {
      members.push([String(JSON.parse(name)), text.slice(start, index).trim()]);
      start = -1;
      name = "";
    } else if (token === ":" && depth === 1 && start === -1) {
      start = index + 1;
    } else if (depth === 1 && start === -1 && token.startsWith('"')) {
      name = token;
    }
    if (token === "{" || token === "[") depth += 1;
    else if (token === "}" || token === "]") depth -= 1;
  }
  return members;
}

/** @param {[string, string][]} members */
export function objectOf(members) {
  if (!members.length) return "";
  return `{\n${members.map(([name, source]) => `  ${JSON.stringify(name)}: ${source}`).join(",\n")}\n}`;
}

/** @param {string} text */
function isObject(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value);
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
