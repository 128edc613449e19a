// @ts-check
/**
 * One tool as the editor shows it, and as source text: what nobody touches goes back letter for letter, and members that
 * the editor does not know stay where they are.
 */
import { atMargin, itemsOf, laidOut, memberMap, objectText, valueOf } from "../json_text.js";

/** @typedef {"tools" | "functions"} Kind */
/** @typedef {{name: string, description: string, schema: string, strict: "" | "true" | "false"}} Fields */

const BLANK = '{\n  "type": "object",\n  "properties": {},\n  "required": [],\n  "additionalProperties": false\n}';

export class Entry {
  /** @type {Kind} */
  kind;
  /** What is sent for it; "" for a new one that cannot be sent yet. */
  source;
  /** @type {Fields} */
  fields = { name: "", description: "", schema: "", strict: "" };
  /** A tool of another type than a function: edited as a whole, in `fields.schema`. */
  other = false;

  /** @param {Kind} kind @param {string} source */
  constructor(kind, source) {
    this.kind = kind;
    this.source = source;
    if (source) this.#read();
    else this.fields.schema = BLANK;
  }

  #read() {
    const members = this.#function();
    if (!members) {
      this.other = true;
      this.fields.schema = atMargin(this.source);
      return;
    }
    this.fields = {
      name: textOf(members.get("name")),
      description: textOf(members.get("description")),
      schema: atMargin(members.get("parameters") ?? ""),
      strict: /** @type {"" | "true" | "false"} */ (/^(true|false)$/.exec(members.get("strict") ?? "")?.[0] ?? ""),
    };
  }

  /** The members of the function as source texts, null for a tool that is none. */
  #function() {
    const value = valueOf(this.source);
    if (typeof value !== "object" || value === null) return null;
    const members = memberMap(this.source);
    if (this.kind === "functions") return members;
    const inner = /** @type {Record<string, unknown>} */ (value)["function"];
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return null;
    return memberMap(members.get("function") ?? "{}");
  }

  get name() {
    if (!this.other) return this.fields.name;
    const value = /** @type {Record<string, unknown> | undefined} */ (valueOf(this.source));
    return String(value?.["name"] ?? value?.["type"] ?? "");
  }

  /** Whether what is typed can be sent. */
  get isSendable() {
    const { schema } = this.fields;
    return (schema.trim() === "" && !this.other) || valueOf(schema) !== undefined;
  }

  /** Take over what was typed; the source follows as far as it can be sent. @param {Partial<Fields>} typed */
  change(typed) {
    this.fields = { ...this.fields, ...typed };
    if (!this.isSendable) return;
    this.source = this.other ? this.fields.schema : laidOut(this.#written());
  }

  #written() {
    const { name, description, schema, strict } = this.fields;
    const members = this.#function() ?? new Map();
    members.set("name", JSON.stringify(name));
    put(members, "description", description ? JSON.stringify(description) : "");
    put(members, "parameters", schema.trim());
    put(members, "strict", strict);
    if (this.kind === "functions") return objectText(members);
    const outer = this.source ? memberMap(this.source) : new Map([["type", '"function"']]);
    outer.set("function", objectText(members));
    return objectText(outer);
  }

  copy() {
    const made = new Entry(this.kind, this.source);
    made.fields = { ...this.fields };
    made.other = this.other;
    if (!made.other) made.change({ name: `${this.fields.name}_copy` });
    return made;
  }
}

/** @param {Map<string, string>} members @param {string} name @param {string} source */
function put(members, name, source) {
  if (source) members.set(name, source);
  else members.delete(name);
}

/** @param {string | undefined} source */
function textOf(source) {
  const value = source === undefined ? undefined : valueOf(source);
  return typeof value === "string" ? value : "";
}

/** The entries of a row's source text, null where it is no list. @param {Kind} kind @param {string} source */
export function entriesOf(kind, source) {
  if (source.trim() === "" || source.trim() === "null") return [];
  return itemsOf(source)?.map((item) => new Entry(kind, item)) ?? null;
}

/** The source text of a row for these entries; "" for none. @param {readonly Entry[]} entries */
export function rowSource(entries) {
  const sources = entries.map(({ source }) => source).filter((source) => source !== "");
  if (!sources.length) return "";
  return `[\n  ${sources.map((source) => atMargin(source).replaceAll("\n", "\n  ")).join(",\n  ")}\n]`;
}
