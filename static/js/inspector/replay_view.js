// @ts-check
/** An answer's article showing its text as it was at some time. What it shows otherwise is only hidden meanwhile. */
import { make } from "../dom.js";
import { paintSoon } from "../frames.js";
import { loadEngine } from "../markdown/engine_loader.js";
import { PlainView } from "../markdown/plain.js";
import { MarkdownView } from "../markdown/view.js";

/** @typedef {{content: string, reasoning: string, rest: string}} Texts */

export class ReplayView {
  #article;
  #text = make("div", { class: "prose", "data-replay": "", dir: "auto" });
  #thoughts = make("div", { class: "reasoning__text", "data-replay": "" });
  #rest = make("pre", { class: "plain", "data-replay": "" });
  /** @type {Texts} */
  #shown = { content: "", reasoning: "", rest: "" };
  /** @type {MarkdownView | null} */
  #markdown = null;
  /** @type {PlainView | null} */
  #plain = null;
  /** @type {{element: HTMLElement, hidden: boolean}[]} */
  #covered = [];
  #wasOpen = false;

  /** @param {HTMLElement} article */
  constructor(article) {
    this.#article = article;
    loadEngine();
    article.dataset["replaying"] = "";
    const box = article.querySelector("[data-reasoning]");
    this.#wasOpen = box instanceof HTMLDetailsElement && box.open;
    this.#cover("[data-markdown]", this.#text);
    this.#cover("[data-reasoning-text]", this.#thoughts);
    this.#cover("[data-tool-calls]", this.#rest);
    this.#cover("[data-refusal]", null);
  }

  /** @param {string} selector @param {HTMLElement | null} instead */
  #cover(selector, instead) {
    const element = this.#article.querySelector(selector);
    if (!(element instanceof HTMLElement)) return;
    this.#covered.push({ element, hidden: element.hasAttribute("hidden") });
    element.hidden = true;
    if (instead) element.after(instead);
  }

  /** @param {Texts} texts */
  show(texts) {
    const before = this.#shown;
    this.#shown = texts;
    this.#growText(before.content, texts.content);
    this.#growThoughts(before.reasoning, texts.reasoning);
    this.#rest.textContent = texts.rest;
    this.#rest.hidden = texts.rest === "";
    const box = this.#article.querySelector("[data-reasoning]");
    if (box instanceof HTMLDetailsElement) box.open = texts.reasoning !== "" && texts.content === "" ? true : this.#wasOpen;
  }

  /** @param {string} before @param {string} now */
  #growText(before, now) {
    if (!this.#markdown || !now.startsWith(before)) {
      this.#text.replaceChildren();
      this.#markdown = new MarkdownView(this.#text);
      before = "";
    }
    this.#text.toggleAttribute("data-blank", now === "");
    if (now.length === before.length) return;
    this.#markdown.append(now.slice(before.length));
    paintSoon(this.#markdown);
  }

  /** @param {string} before @param {string} now */
  #growThoughts(before, now) {
    if (!this.#plain || !now.startsWith(before)) {
      this.#thoughts.replaceChildren();
      this.#plain = new PlainView(this.#thoughts);
      before = "";
    }
    this.#plain.append(now.slice(before.length));
  }

  /** Show the whole answer again. */
  end() {
    for (const { element, hidden } of this.#covered) element.hidden = hidden;
    for (const part of [this.#text, this.#thoughts, this.#rest]) part.remove();
    const box = this.#article.querySelector("[data-reasoning]");
    if (box instanceof HTMLDetailsElement) box.open = this.#wasOpen;
    delete this.#article.dataset["replaying"];
  }
}
