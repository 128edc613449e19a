// @ts-check
/**
 * Cut a growing Markdown text into blocks that no later text can change.
 *
 * The cuts depend on the text alone, never on how it arrived, so a live answer and the same answer after a reload
 * become the same blocks. Each line is looked at once, by regular expressions that take linear time: the whole is O(n).
 * What the cut leaves open (the last block) is the only thing a live view has to render again.
 *
 * Long lists and tables are handed out in parts; a part that `joins` continues the element of the part before it.
 */

import {
  DELIMITER_ROW,
  HEADING,
  ITEM,
  LONG_LINE,
  MATH,
  QUOTE,
  RULE,
  UNDECIDED,
  closes,
  fenceOf,
  indentation,
  interrupts,
} from "./lines.js";

/**
 * @typedef {object} Block
 * @property {"text" | "list" | "table" | "code" | "math" | "plain"} kind "plain": too much to render, shown as it is
 * @property {string} source Markdown; for code and math the bare content
 * @property {string} info a fence's info string, "" elsewhere
 * @property {boolean} joins whether it continues the block before it
 */

/** A list or table longer than this is handed out in parts, so that a live one is never rendered whole again. */
const PART = 2048;
/** A table is laid out as a whole whenever it grows: after so many parts a new one begins, with the head again. */
const MAX_TABLE_PARTS = 8;
/** After so many parts the rest of a table is shown as plain text. */
const MAX_PARTS = 32;
export class BlockSplitter {
  /** @type {Block["kind"] | "indented" | ""} what is open; "" between blocks */
  #kind = "";
  /** @type {string[]} complete lines of the open block */
  #lines = [];
  #size = 0;
  #joins = false;
  /** The unfinished line. */
  #rest = "";
  /** @type {Block[]} */
  #closed = [];

  /** An open fence or math block. */
  #mark = "";
  #info = "";
  #indent = 0;
  #body = "";
  /** A list: where the content of its last top-level item begins, its kind of marker, a fence open inside it. */
  #offset = 0;
  #bullet = "";
  #innerMark = "";
  #afterBlank = false;
  /** A table: its head, repeated before each part, and the number of parts so far. */
  #head = "";
  #parts = 0;

  /**
   * Take more text; return the blocks it closed.
   * @param {string} text
   */
  feed(text) {
    let from = 0;
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", from)) {
      const line = this.#rest + text.slice(from, at);
      this.#rest = "";
      this.#line(line.endsWith("\r") ? line.slice(0, -1) : line);
      from = at + 1;
    }
    this.#rest += text.slice(from);
    return this.#take();
  }

  /** Close whatever is open and return it. */
  close() {
    if (this.#rest !== "") {
      const line = this.#rest;
      this.#rest = "";
      this.#line(line);
    }
    if (this.#kind === "math") this.#notMath();
    else this.#close();
    return this.#take();
  }

  /**
   * The block still open, as far as it is worth showing; null when nothing is.
   * @returns {Block | null}
   */
  get open() {
    const rest = this.#shownRest();
    if (this.#kind === "code") return this.#block("code", this.#body + rest);
    const source = this.#head + this.#lines.join("\n") + (this.#lines.length && rest ? "\n" : "") + rest;
    if (source.trim() === "") return null;
    return this.#block(this.#shownKind(), source);
  }

  /** Characters held in the open block: the cost of showing it again. */
  get openSize() {
    return this.#head.length + this.#size + this.#body.length + this.#rest.length;
  }

  #shownKind() {
    return this.#kind === "list" || this.#kind === "table" || this.#kind === "plain" ? this.#kind : "text";
  }

  #shownRest() {
    const rest = this.#rest.endsWith("\r") ? this.#rest.slice(0, -1) : this.#rest;
    if (rest === "" || rest.length > LONG_LINE) return rest;
    if (this.#kind === "code") return /^ {0,3}[`~]*$/.test(rest) ? "" : this.#unindent(rest);
    if (this.#kind === "math") return rest;
    if (UNDECIDED.test(rest)) return "";
    // The head of a table is not a table before its second line is complete.
    const mayBeTable = /^ {0,3}\|/.test(this.#lines[0] ?? rest);
    if (mayBeTable && this.#kind !== "table" && this.#kind !== "list" && this.#lines.length < 2) return "";
    return rest;
  }

  #take() {
    const closed = this.#closed;
    this.#closed = [];
    return closed;
  }

  /** @param {Block["kind"]} kind @param {string} source @returns {Block} */
  #block(kind, source) {
    return { kind, source, info: kind === "code" ? this.#info : "", joins: this.#joins };
  }

  /** @param {string} line */
  #line(line) {
    switch (this.#kind) {
      case "code":
        return this.#codeLine(line);
      case "math":
        return this.#mathLine(line);
      case "list":
        return this.#listLine(line);
      case "table":
        return this.#tableLine(line);
      case "plain":
        return line.trim() === "" ? this.#close() : this.#push(line);
      case "indented":
        if (line.trim() === "" || indentation(line) >= 4) return this.#push(line);
        return this.#restart(line);
      case "text":
        return this.#textLine(line);
      default:
        return this.#start(line);
    }
  }

  /** @param {string} line */
  #start(line) {
    if (line.trim() === "") return;
    if (line.length > LONG_LINE) return this.#begin("text", line);
    const fence = fenceOf(line);
    if (fence) {
      this.#kind = "code";
      ({ indent: this.#indent, mark: this.#mark, info: this.#info } = fence);
      return;
    }
    const math = MATH.exec(line);
    if (math) return this.#startMath(line, math[1] ?? "", math[2] ?? "");
    if (HEADING.test(line) || RULE.test(line)) {
      this.#begin("text", line);
      return this.#close();
    }
    if (ITEM.test(line)) return this.#startList(line);
    this.#begin(indentation(line) >= 4 ? "indented" : "text", line);
  }

  /** @param {Block["kind"] | "indented"} kind @param {string} line */
  #begin(kind, line) {
    this.#kind = kind;
    this.#push(line);
  }

  /** @param {string} line */
  #push(line) {
    this.#lines.push(line);
    this.#size += line.length + 1;
  }

  /** @param {string} line */
  #restart(line) {
    this.#close();
    this.#start(line);
  }

  #close() {
    const kind = this.#kind;
    if (kind === "code" || kind === "math") {
      this.#closed.push(this.#block(kind, this.#body));
    } else if (kind !== "") {
      const source = this.#head + this.#lines.join("\n");
      if (source.trim() !== "") this.#closed.push(this.#block(this.#shownKind(), source));
    }
    this.#kind = "";
    this.#head = this.#body = this.#mark = this.#info = this.#innerMark = this.#bullet = "";
    this.#afterBlank = this.#joins = false;
    this.#lines = [];
    this.#size = this.#parts = 0;
  }

  /** Hand out the lines so far; what follows joins them. */
  #part() {
    this.#closed.push(this.#block(this.#shownKind(), this.#head + this.#lines.join("\n")));
    this.#joins = true;
    this.#lines = [];
    this.#size = 0;
  }

  // -- fenced code and display math ------------------------------------------------------------------------------

  /** @param {string} line */
  #unindent(line) {
    return this.#indent ? line.replace(new RegExp(`^ {1,${this.#indent}}`), "") : line;
  }

  /** @param {string} line */
  #codeLine(line) {
    if (line.length < LONG_LINE && indentation(line) < 4 && closes(line, this.#mark)) return this.#close();
    this.#body += `${this.#unindent(line)}\n`;
  }

  /** @param {string} line @param {string} mark @param {string} rest what follows the mark */
  #startMath(line, mark, rest) {
    const end = mark === "$$" ? "$$" : "\\]";
    const text = rest.trimEnd();
    if (text.endsWith(end)) {
      this.#kind = "math";
      this.#body = text.slice(0, -end.length).trim();
      // "$$a$$ and $$b$$" is a sentence, not one formula.
      if (!this.#body.includes(end)) return this.#close();
      this.#body = "";
      return this.#begin("text", line);
    }
    if (text.includes(end)) return this.#begin("text", line);
    this.#kind = "math";
    this.#mark = end;
    this.#lines = [line];
    this.#body = rest.trim() === "" ? "" : `${rest}\n`;
  }

  /** @param {string} line */
  #mathLine(line) {
    const text = line.trimEnd();
    if (text.endsWith(this.#mark)) {
      this.#body += text.slice(0, -this.#mark.length);
      return this.#close();
    }
    if (text !== "") {
      this.#lines.push(line);
      this.#body += `${line}\n`;
      return;
    }
    this.#notMath();
  }

  /** No formula has an empty line, or no end: these were ordinary lines. */
  #notMath() {
    this.#kind = "text";
    this.#body = this.#mark = "";
    this.#close();
  }

  // -- paragraphs, quotes, tables --------------------------------------------------------------------------------

  /** @param {string} line */
  #textLine(line) {
    if (line.trim() === "") return this.#close();
    if (line.length > LONG_LINE) return this.#push(line);
    if (fenceOf(line) || HEADING.test(line) || MATH.test(line)) return this.#restart(line);
    const previous = this.#lines.at(-1) ?? "";
    const item = ITEM.exec(line);
    if (item && !RULE.test(line) && !QUOTE.test(previous) && interrupts(item)) return this.#restart(line);
    if (line.includes("|") && previous.includes("|") && !QUOTE.test(previous) && DELIMITER_ROW.test(line)) {
      return this.#startTable(previous, line);
    }
    if (QUOTE.test(line) && !QUOTE.test(this.#lines[0] ?? "")) return this.#restart(line);
    this.#push(line);
  }

  /** @param {string} head @param {string} delimiters */
  #startTable(head, delimiters) {
    this.#lines.pop();
    this.#close();
    this.#kind = "table";
    this.#head = `${head}\n${delimiters}\n`;
  }

  /** @param {string} line */
  #tableLine(line) {
    if (line.trim() === "") return this.#close();
    if (fenceOf(line) || HEADING.test(line) || QUOTE.test(line) || (ITEM.test(line) && !line.includes("|"))) {
      return this.#restart(line);
    }
    if (this.#size > PART) {
      if (this.#parts === MAX_PARTS) {
        this.#close();
        return this.#begin("plain", line);
      }
      this.#part();
      this.#parts += 1;
      this.#joins = this.#parts % MAX_TABLE_PARTS !== 0;
    }
    this.#push(line);
  }

  // -- lists -----------------------------------------------------------------------------------------------------

  /** @param {string} line */
  #startList(line) {
    this.#kind = "list";
    this.#item(line);
  }

  /** @param {string} line a line that matches ITEM at the top level */
  #item(line) {
    const [all = "", indent = "", marker = "", space = ""] = ITEM.exec(line) ?? [];
    this.#bullet = marker.slice(-1);
    this.#offset = indent.length + marker.length + Math.min(Math.max(space.length, 1), 4);
    this.#afterBlank = false;
    this.#push(line);
    this.#innerMark = fenceOf(line.slice(all.length))?.mark ?? "";
  }

  /** @param {string} line */
  #listLine(line) {
    if (line.trim() === "") {
      this.#afterBlank = true;
      return this.#push("");
    }
    const indent = indentation(line);
    if (indent >= this.#offset) return this.#listContent(line);
    this.#innerMark = "";
    const item = line.length > LONG_LINE ? null : ITEM.exec(line);
    if (item && !RULE.test(line)) {
      if ((item[2] ?? "").slice(-1) !== this.#bullet) return this.#restart(line);
      if (this.#size > PART) this.#part();
      return this.#item(line);
    }
    const lazy = !this.#afterBlank && !fenceOf(line) && !HEADING.test(line) && !QUOTE.test(line) && !RULE.test(line);
    if (lazy) return this.#push(line);
    this.#restart(line);
  }

  /** @param {string} line */
  #listContent(line) {
    this.#afterBlank = false;
    this.#push(line);
    if (line.length > LONG_LINE) return;
    if (this.#innerMark !== "") {
      if (closes(line, this.#innerMark)) this.#innerMark = "";
      return;
    }
    this.#innerMark = fenceOf(line.trimStart())?.mark ?? "";
  }
}
