// @ts-check
/**
 * An answer that is JSON: read while it streams, compared with the schema it was asked for, shown as a tree, a table or the
 * text that came. It follows the source of the message (watch.js), which every answer keeps; nothing else knows of it.
 */
import { elements, make, part } from "../dom.js";
import { gettext, interpolate, ngettext } from "../i18n.js";
import { icon } from "../icons.js";
import { LIVE } from "../reply.js";
import { bindCode } from "./code.js";
import { faultList, loadValidator } from "./faults.js";
import { plain, readPartial } from "./partial_json.js";
import { schemasOf } from "./schemas.js";
import { listsOf, tableOf } from "./table.js";
import { Tree } from "./tree.js";

/** @typedef {import("./schemas.js").Schemas} Schemas */
/** @typedef {import("./validator.js").Fault} Fault */
/** @typedef {import("./partial_json.js").Read} Read */
/** @typedef {"text" | "tree" | "table"} View */

const LEAST_MS = 80;
/** Faults that time may still heal, at the value that is being written and around it. */
const UNFINISHED = new Set(["required", "minItems", "minLength", "minProperties", "contains", "minContains", "anyOf", "oneOf", "enum", "const", "pattern", "format", "not", "dependentRequired"]);

export class StructuredAnswer {
  #article;
  #source;
  #box;
  /** @type {Schemas | null} */
  #schemas = null;
  /** @type {View} */
  #view = "text";
  #chosen = false;
  /** @type {Fault[]} */
  #faults = [];
  #tree = new Tree((path) => this.#isFaulty(path));
  #list = "";
  #timer = 0;
  #restUntil = 0;
  #shown = "";
  /** @type {Read | null} what is shown as more than text */
  #read = null;
  #judging = false;

  /** @param {HTMLElement} article @param {HTMLElement} source */
  constructor(article, source) {
    this.#article = article;
    this.#source = source;
    this.#box = this.#build();
    void this.#asked();
  }

  #build() {
    const template = document.querySelector("template[data-structured-answer]");
    const content = template instanceof HTMLTemplateElement ? template.content.cloneNode(true) : null;
    const made = content instanceof DocumentFragment ? content.querySelector("[data-structured]") : null;
    const box = made instanceof HTMLElement ? made : make("div", { "data-structured": "" });
    box.hidden = true;
    part(this.#article, "[data-markdown]").before(box);
    box.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest("[data-structured-show]") : null;
      if (!button) return;
      this.#chosen = true;
      this.#become(/** @type {View} */ (button.getAttribute("data-structured-show")));
      this.#paint();
    });
    box.addEventListener("change", (event) => {
      if (!(event.target instanceof HTMLSelectElement) || !event.target.matches("[data-structured-list]")) return;
      this.#list = event.target.value;
      this.#paint();
    });
    bindCode(box, () => ({
      schema: JSON.stringify(this.#schemas?.answer ?? {}),
      name: this.#schemas?.name ?? "",
      json: this.#source.textContent ?? "",
    }));
    return box;
  }

  async #asked() {
    this.#schemas = await schemasOf(this.#article.dataset["exchange"] ?? "");
    for (const each of elements(this.#box, '[data-schema-copy="python"], [data-schema-copy="typescript"]')) {
      each.hidden = !this.#schemas?.answer;
    }
    if (!this.#chosen && this.#schemas?.format.startsWith("json")) this.#become("tree");
    this.grown();
  }

  /** @param {View} view */
  #become(view) {
    this.#view = view;
    this.#shown = "";
  }

  /** Something came. Reading again rests four times as long as it took, so a long answer does not cost its square. */
  grown() {
    if (this.#timer) return;
    const wait = Math.max(0, this.#restUntil - performance.now());
    this.#timer = window.setTimeout(() => {
      this.#timer = 0;
      const began = performance.now();
      this.#paint();
      this.#restUntil = performance.now() + Math.max(LEAST_MS, 4 * (performance.now() - began));
    }, wait);
  }

  get #isLive() {
    return this.#article.matches(LIVE);
  }

  #paint() {
    const text = this.#source.textContent ?? "";
    const state = `${this.#view} ${this.#list} ${this.#isLive} ${this.#schemas !== null} ${text.length}`;
    if (state === this.#shown) return;
    this.#shown = state;
    const read = readPartial(text);
    const asked = this.#schemas?.format.startsWith("json") ?? false;
    // Text that only begins like JSON, and was not asked to be: it stays text.
    this.#read = null;
    if (!read.node || (!asked && !read.complete)) return this.#give(asked, read.broken);
    this.#read = read;
    this.#box.hidden = false;
    this.#article.dataset["structuredView"] = this.#view;
    this.#show(read.node);
    void this.#judge();
  }

  /** Nothing but the text can be shown. @param {boolean} asked @param {boolean} broken */
  #give(asked, broken) {
    this.#article.dataset["structuredView"] = "text";
    this.#box.hidden = !(asked && broken);
    part(this.#box, "[data-structured-body]").replaceChildren();
    part(this.#box, "[data-structured-faults]").replaceChildren();
    if (asked && broken) this.#say("bad", gettext("This answer is not valid JSON. It is shown as it came."));
  }

  /** @param {import("./partial_json.js").Node} node */
  #show(node) {
    const lists = listsOf(node);
    const select = /** @type {HTMLSelectElement} */ (part(this.#box, "[data-structured-list]"));
    part(this.#box, '[data-structured-show="table"]').hidden = lists.length === 0;
    for (const button of elements(this.#box, "[data-structured-show]")) {
      button.setAttribute("aria-pressed", String(button.dataset["structuredShow"] === this.#view));
    }
    const [path, list] = lists.find(([each]) => each === this.#list) ?? lists[0] ?? ["", null];
    part(this.#box, "[data-structured-lists]").hidden = this.#view !== "table" || lists.length < 2;
    select.replaceChildren(...lists.map(([each]) => make("option", { value: each }, each || gettext("the whole"))));
    select.value = path;
    const body = part(this.#box, "[data-structured-body]");
    const faulty = (/** @type {string} */ at) => this.#isFaulty(at);
    if (this.#view === "tree") body.replaceChildren(this.#tree.element(node, this.#isLive));
    else if (this.#view === "table" && list) body.replaceChildren(tableOf(list, path, faulty));
    else body.replaceChildren();
  }

  /** Judge what is shown, and once more where that changed meanwhile. */
  async #judge() {
    if (this.#judging) return;
    this.#judging = true;
    let judged = null;
    try {
      while (this.#read && this.#read !== judged) {
        judged = this.#read;
        await this.#judgeOnce(judged);
      }
    } finally {
      this.#judging = false;
    }
  }

  /** @param {Read} read */
  async #judgeOnce({ node, complete, tail }) {
    const schema = this.#schemas?.answer;
    if (!node) return;
    if (schema === null || schema === undefined) {
      if (complete) this.#say("good", gettext("Valid JSON"));
      return;
    }
    const { faultsOf } = await loadValidator();
    const found = await faultsOf(schema, plain(node));
    const shown = this.#read?.node;
    if (!shown) return; // only text is shown by now
    if (found === null) return this.#say("warn", gettext("The schema cannot be used to check this answer."));
    const before = this.#faults.map(({ path }) => path).join();
    this.#faults = complete ? found : found.filter((fault) => isFinal(fault, tail));
    part(this.#box, "[data-structured-faults]").replaceChildren(...(this.#faults.length ? [faultList(this.#faults)] : []));
    this.#verdict(complete);
    if (this.#faults.map(({ path }) => path).join() !== before) this.#show(shown);
  }

  /** @param {boolean} complete */
  #verdict(complete) {
    const count = this.#faults.length;
    const name = this.#schemas?.name || gettext("the schema");
    const cut = !complete && !this.#isLive;
    if (count && !cut) {
      const words = ngettext("%(count)s place does not fit %(name)s", "%(count)s places do not fit %(name)s", count);
      return this.#say("bad", interpolate(words, { count, name }));
    }
    if (complete) return this.#say("good", interpolate(gettext("Valid against %(name)s"), { name }));
    if (this.#isLive) return this.#say("live", interpolate(gettext("Fits %(name)s so far"), { name }));
    return this.#say(count ? "bad" : "warn", gettext("This JSON was cut off before its end."));
  }

  /** @param {"good" | "warn" | "bad" | "live"} tone @param {string} text */
  #say(tone, text) {
    const icons = { good: "check", warn: "warn", bad: "bad", live: "clock" };
    const place = part(this.#box, "[data-structured-state]");
    if (place.dataset["tone"] === tone && place.textContent === text) return;
    place.dataset["tone"] = tone;
    place.replaceChildren(icon(icons[tone], "small"), make("span", {}, text));
  }

  /** @param {string} path */
  #isFaulty(path) {
    return this.#faults.some((fault) => fault.path === path);
  }
}

/** Whether a fault stays whatever still comes. @param {Fault} fault @param {string} tail */
function isFinal({ path, keyword }, tail) {
  if (path === tail) return false;
  const around = path === "" || tail.startsWith(`${path}.`) || tail.startsWith(`${path}[`);
  return !(around && UNFINISHED.has(keyword));
}
