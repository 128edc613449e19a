// @ts-check
/** What a single line of Markdown can be. Every pattern takes linear time; long lines are kept away from most of them. */

/** Lines longer than this are ordinary text: no marker needs that much. */
export const LONG_LINE = 1000;

const FENCE = /^( {0,3})(`{3,}|~{3,})(.*)$/;
export const ITEM = /^( {0,3})([-*+]|\d{1,9}[.)])([ \t]+|$)/;
export const RULE = /^ {0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$/;
export const HEADING = /^ {0,3}#{1,6}(?:[ \t]|$)/;
export const QUOTE = /^ {0,3}>/;
export const DELIMITER_ROW = /^ {0,3}\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t]*$/;
export const MATH = /^ {0,3}(\$\$|\\\[)(.*)$/;
/** A line that may still turn out to open something: not worth showing before it is clear. */
export const UNDECIDED = /^[ \t]*(?:`{1,2}|`{3,}.*|~{1,2}|~{3,}.*|#{1,6}|[-*+_=]{1,3}|\d{1,9}[.)]?|\$\$?|\\\[?|>)?[ \t]*$/;

/** @param {string} line the width of its indentation, tabs counted as four */
export function indentation(line) {
  let width = 0;
  for (const char of line) {
    if (char === " ") width += 1;
    else if (char === "\t") width += 4 - (width % 4);
    else break;
  }
  return width;
}

/** @param {string} line @returns {{indent: number, mark: string, info: string} | null} */
export function fenceOf(line) {
  const match = FENCE.exec(line);
  if (!match) return null;
  const [, indent = "", mark = "", info = ""] = match;
  if (mark.startsWith("`") && info.includes("`")) return null;
  return { indent: indent.length, mark, info: info.trim() };
}

/** @param {string} line @param {string} mark the fence that is open */
export function closes(line, mark) {
  const text = line.trim();
  return text.length >= mark.length && text === (mark[0] ?? "`").repeat(text.length);
}

/** Whether a list item may interrupt a paragraph. @param {RegExpExecArray} item */
export function interrupts(item) {
  const [, , marker = "", space = ""] = item;
  return space !== "" && (!/\d/.test(marker) || marker === "1." || marker === "1)");
}
