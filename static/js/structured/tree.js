// @ts-check
/** A JSON value as a tree that can be folded. What is folded stays folded while more comes. */
import { make } from "../dom.js";
import { gettext, interpolate, ngettext } from "../i18n.js";

/** @typedef {import("./partial_json.js").Node} Node */

const SHOWN = 100;
const OPEN_LEVELS = 5;

export class Tree {
  /** @type {Map<string, boolean>} what a person opened or closed, by path */
  #choices = new Map();
  /** @type {Map<string, number>} how many entries are shown, where a person asked for more */
  #more = new Map();
  #faulty;
  #live = false;

  /** @param {(path: string) => boolean} faulty whether something is wrong at a path */
  constructor(faulty) {
    this.#faulty = faulty;
  }

  /** @param {Node} node @param {boolean} live whether what is open is still being written */
  element(node, live) {
    this.#live = live;
    return make("div", { class: "tree", role: "group", "aria-label": gettext("Answer as a tree") }, this.#node(node, "", null, 0));
  }

  /** @param {Node} node @param {string} path @param {string | null} name @param {number} depth @returns {HTMLElement} */
  #node(node, path, name, depth) {
    const label = name === null ? [] : [make("span", { class: "tree__name" }, name), make("span", { class: "tree__colon" }, ": ")];
    const mark = this.#faulty(path) ? { class: "tree__row tree__row--bad" } : { class: "tree__row" };
    if (node.kind === "object" || node.kind === "array") return this.#container(node, path, label, mark, depth);
    const shown = node.kind === "string" ? node.value : node.raw;
    const value = make("span", { class: `tree__value tree__value--${node.kind}`, dir: "auto" }, shown);
    if (node.open) value.append(this.#live ? make("span", { class: "tree__caret" }) : "…");
    return make("div", mark, ...label, value);
  }

  /**
   * @param {Extract<Node, {kind: "object" | "array"}>} node @param {string} path @param {HTMLElement[]} label
   * @param {Record<string, string>} mark @param {number} depth
   */
  #container(node, path, label, mark, depth) {
    /** @type {[string, Node, string][]} */
    const entries =
      node.kind === "object"
        ? node.members.map(([name, each]) => [name, each, path ? `${path}.${name}` : name])
        : node.items.map((each, number) => [String(number), each, `${path}[${number}]`]);
    const [opening, closing] = node.kind === "object" ? ["{", "}"] : ["[", "]"];
    if (!entries.length) return make("div", mark, ...label, make("span", { class: "tree__bracket" }, node.open ? opening : opening + closing));
    const summary = make("summary", mark, ...label, make("span", { class: "tree__count" }, countOf(node.kind, entries.length)));
    const details = make("details", { class: "tree__node" }, summary);
    const open = this.#choices.get(path) ?? depth < OPEN_LEVELS;
    const fill = () => {
      if (details.childElementCount > 1) return;
      details.append(this.#entries(entries, path, depth));
    };
    if (open) {
      details.setAttribute("open", "");
      fill();
    }
    details.addEventListener("toggle", () => {
      this.#choices.set(path, details.hasAttribute("open"));
      fill();
    });
    return details;
  }

  /** @param {[string, Node, string][]} entries @param {string} path @param {number} depth */
  #entries(entries, path, depth) {
    const most = this.#more.get(path) ?? SHOWN;
    const list = make("div", { class: "tree__entries" });
    list.append(...entries.slice(0, most).map(([name, each, at]) => this.#node(each, at, name, depth + 1)));
    if (entries.length > most) {
      const left = interpolate(gettext("Show %(count)s more"), { count: entries.length - most });
      const button = make("button", { type: "button", class: "btn btn--quiet btn--small" }, left);
      button.addEventListener("click", () => {
        this.#more.set(path, most * 10);
        list.replaceWith(this.#entries(entries, path, depth));
      });
      list.append(button);
    }
    return list;
  }
}

/** @param {"object" | "array"} kind @param {number} count */
function countOf(kind, count) {
  const words = kind === "object" ? ngettext("{ %(count)s member }", "{ %(count)s members }", count) : ngettext("[ %(count)s item ]", "[ %(count)s items ]", count);
  return interpolate(words, { count });
}
