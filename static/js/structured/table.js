// @ts-check
/** Lists of objects as tables: a column for each member that occurs. */
import { make } from "../dom.js";
import { gettext, interpolate } from "../i18n.js";

/** @typedef {import("./partial_json.js").Node} Node */
/** @typedef {Extract<Node, {kind: "array"}>} List */

const ROWS = 500;
const COLUMNS = 30;
const CELL = 200;

/** The lists of objects in a value by their path, outermost first; "" is the value itself. @param {Node} node @returns {[string, List][]} */
export function listsOf(node) {
  /** @type {[string, List][]} */
  const found = [];
  /** @type {[string, Node, number][]} */
  let level = [["", node, 0]];
  while (level.length && found.length < 20) {
    /** @type {[string, Node, number][]} */
    const next = [];
    for (const [path, each, depth] of level) {
      if (each.kind === "array" && each.items.some((item) => item.kind === "object")) found.push([path, each]);
      if (each.kind !== "object" || depth > 4) continue;
      for (const [name, member] of each.members) next.push([path ? `${path}.${name}` : name, member, depth + 1]);
    }
    level = next;
  }
  return found;
}

/** @param {List} list @param {string} path @param {(path: string) => boolean} faulty */
export function tableOf(list, path, faulty) {
  const names = columnsOf(list);
  const head = make("tr", {}, make("th", { class: "end", scope: "col" }, "#"), ...names.map((name) => make("th", { scope: "col" }, name)));
  const body = make("tbody");
  list.items.slice(0, ROWS).forEach((item, number) => body.append(row(item, number, names, `${path}[${number}]`, faulty)));
  const table = make("table", { class: "table json-table" }, make("thead", {}, head), body);
  const label = path ? interpolate(gettext("%(path)s as a table"), { path }) : gettext("Answer as a table");
  const box = make("div", { class: "table-scroll", tabindex: "0", role: "group", "aria-label": label }, table);
  if (list.items.length <= ROWS) return box;
  const more = interpolate(gettext("and %(count)s more"), { count: list.items.length - ROWS });
  return make("div", {}, box, make("p", { class: "faint" }, more));
}

/** @param {List} list */
function columnsOf(list) {
  const names = new Set();
  for (const item of list.items.slice(0, ROWS)) {
    if (item.kind !== "object") continue;
    for (const [name] of item.members) if (names.size < COLUMNS) names.add(name);
  }
  return /** @type {string[]} */ ([...names]);
}

/** @param {Node} item @param {number} number @param {string[]} names @param {string} path @param {(path: string) => boolean} faulty */
function row(item, number, names, path, faulty) {
  const members = new Map(item.kind === "object" ? item.members : []);
  const cells = names.map((name) => {
    const value = members.get(name);
    const bad = faulty(`${path}.${name}`) || (value === undefined && faulty(path));
    const attributes = { class: [value?.kind === "number" ? "end" : "", bad ? "json-table__bad" : ""].join(" ").trim() };
    return make("td", attributes, value ? make("span", { dir: "auto" }, shown(value)) : "");
  });
  return make("tr", {}, make("td", { class: "end faint" }, String(number + 1)), ...cells);
}

/** @param {Node} node */
function shown(node) {
  const text = node.kind === "string" ? node.value : short(node);
  return text.length > CELL ? `${text.slice(0, CELL)}…` : text;
}

/** A value on one line, cut early. @param {Node} node @returns {string} */
function short(node) {
  switch (node.kind) {
    case "object":
      return `{${node.members.slice(0, 8).map(([name, each]) => `${name}: ${short(each)}`).join(", ")}${node.members.length > 8 ? ", …" : ""}}`;
    case "array":
      return `[${node.items.slice(0, 8).map(short).join(", ")}${node.items.length > 8 ? ", …" : ""}]`;
    case "string":
      return JSON.stringify(node.value);
    default:
      return node.raw;
  }
}
