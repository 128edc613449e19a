// @ts-check
/**
 * JSON that is still being written: everything that has come as nodes, numbers as they are spelled. Pure and linear in the
 * length of the text.
 */

/**
 * @typedef {{kind: "object", members: [string, Node][], open: boolean}
 *   | {kind: "array", items: Node[], open: boolean}
 *   | {kind: "string", value: string, open: boolean}
 *   | {kind: "number" | "literal", raw: string, open: boolean}} Node
 * @typedef {{node: Node | null, complete: boolean, broken: boolean, tail: string}} Read
 *   `broken`: this can never become JSON; `tail`: the path of the value that is being written, as a validator writes it
 */

const DEEPEST = 200;
const SPACE = /[ \t\r\n]*/y;
const PLAIN = /[^"\\\u0000-\u001f]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const PART_OF_NUMBER = /^-?(?:0|[1-9]\d*)?(?:\.\d*)?(?:[eE][-+]?\d*)?$/;
const ESCAPES = new Map([["n", "\n"], ["t", "\t"], ["r", "\r"], ["b", "\b"], ["f", "\f"], ["/", "/"], ["\\", "\\"], ['"', '"']]);

class Broken extends Error {}

/** @param {string} text @returns {Read} */
export function readPartial(text) {
  const reader = new Reader(text);
  try {
    const node = reader.value(0, "");
    reader.space();
    const complete = node !== null && !node.open && reader.at === text.length;
    const broken = node !== null && !node.open && reader.at < text.length;
    return { node, complete, broken, tail: complete ? "" : reader.tail };
  } catch (error) {
    if (error instanceof Broken) return { node: null, complete: false, broken: true, tail: "" };
    throw error;
  }
}

/** The value of a node, for a validator. @param {Node} node @returns {unknown} */
export function plain(node) {
  switch (node.kind) {
    case "object":
      // A member called __proto__ is a member like any other.
      return Object.fromEntries(node.members.map(([name, each]) => [name, plain(each)]));
    case "array":
      return node.items.map(plain);
    case "string":
      return node.value;
    default:
      return JSON.parse(node.raw);
  }
}

class Reader {
  at = 0;
  tail = "";
  #text;

  /** @param {string} text */
  constructor(text) {
    this.#text = text;
  }

  space() {
    SPACE.lastIndex = this.at;
    SPACE.exec(this.#text);
    this.at = SPACE.lastIndex;
  }

  get #ended() {
    return this.at >= this.#text.length;
  }

  /** @param {number} depth @param {string} path @returns {Node | null} null where the text ends before anything can be said */
  value(depth, path) {
    this.space();
    this.tail = path;
    if (this.#ended) return null;
    if (depth > DEEPEST) throw new Broken();
    const first = this.#text[this.at] ?? "";
    if (first === "{") return this.#object(depth, path);
    if (first === "[") return this.#array(depth, path);
    if (first === '"') return this.#string();
    return /[-\d]/.test(first) ? this.#number() : this.#literal();
  }

  /** @param {number} depth @param {string} path @returns {Node} */
  #object(depth, path) {
    /** @type {[string, Node][]} */
    const members = [];
    /** @type {Node} */
    const node = { kind: "object", members, open: true };
    this.at += 1;
    for (let first = true; ; first = false) {
      this.space();
      this.tail = path;
      if (this.#ended) return node;
      if (this.#text[this.at] === "}" && first) break;
      if (this.#text[this.at] !== '"') throw new Broken();
      const name = this.#string();
      this.space();
      if (name.open || this.#ended) return node;
      this.#expect(":");
      const key = name.kind === "string" ? name.value : "";
      const value = this.value(depth + 1, path ? `${path}.${key}` : key);
      if (value === null) return node;
      members.push([key, value]);
      if (value.open) return node;
      if (this.#next("}")) break;
      if (this.#ended) return node;
      this.#expect(",");
    }
    this.at += 1;
    node.open = false;
    this.tail = path;
    return node;
  }

  /** @param {number} depth @param {string} path @returns {Node} */
  #array(depth, path) {
    /** @type {Node[]} */
    const items = [];
    /** @type {Node} */
    const node = { kind: "array", items, open: true };
    this.at += 1;
    this.space();
    if (this.#text[this.at] !== "]") {
      for (;;) {
        const item = this.value(depth + 1, `${path}[${items.length}]`);
        if (item === null) return node;
        items.push(item);
        if (item.open) return node;
        if (this.#next("]")) break;
        if (this.#ended) return node;
        this.#expect(",");
      }
    }
    this.at += 1;
    node.open = false;
    this.tail = path;
    return node;
  }

  /** Whether `closing` comes next; the space before it is passed. @param {string} closing */
  #next(closing) {
    this.space();
    return this.#text[this.at] === closing;
  }

  /** @param {string} character */
  #expect(character) {
    if (this.#text[this.at] !== character) throw new Broken();
    this.at += 1;
  }

  /** @returns {Node} */
  #string() {
    this.at += 1;
    let value = "";
    while (!this.#ended) {
      PLAIN.lastIndex = this.at;
      value += PLAIN.exec(this.#text)?.[0] ?? "";
      this.at = PLAIN.lastIndex;
      const next = this.#text[this.at];
      if (next === '"') {
        this.at += 1;
        return { kind: "string", value, open: false };
      }
      if (next === undefined) break;
      if (next !== "\\") throw new Broken();
      const escape = this.#escape();
      if (escape === null) {
        this.at = this.#text.length;
        break;
      }
      value += escape;
    }
    return { kind: "string", value, open: true };
  }

  /** @returns {string | null} null where the text ends within it */
  #escape() {
    const letter = this.#text[this.at + 1];
    if (letter === undefined) return null;
    const known = ESCAPES.get(letter);
    if (known !== undefined) {
      this.at += 2;
      return known;
    }
    if (letter !== "u") throw new Broken();
    const digits = this.#text.slice(this.at + 2, this.at + 6);
    if (!/^[\da-fA-F]*$/.test(digits)) throw new Broken();
    if (digits.length < 4) return null;
    this.at += 6;
    return String.fromCharCode(parseInt(digits, 16));
  }

  /** @returns {Node | null} */
  #number() {
    const rest = /^[-+.\deE]*/.exec(this.#text.slice(this.at, this.at + 400))?.[0] ?? "";
    NUMBER.lastIndex = this.at;
    const raw = NUMBER.exec(this.#text)?.[0] ?? "";
    const atEnd = this.at + rest.length >= this.#text.length;
    if (raw === rest || (atEnd && PART_OF_NUMBER.test(rest))) {
      this.at += rest.length;
      return raw ? { kind: "number", raw, open: atEnd } : null;
    }
    throw new Broken();
  }

  /** @returns {Node | null} */
  #literal() {
    const rest = /^[a-z]*/.exec(this.#text.slice(this.at, this.at + 6))?.[0] ?? "";
    const word = ["true", "false", "null"].find((each) => each.startsWith(rest) && rest !== "");
    if (!word) throw new Broken();
    this.at += rest.length;
    if (word === rest) return { kind: "literal", raw: word, open: false };
    if (this.#ended) return null;
    throw new Broken();
  }
}
