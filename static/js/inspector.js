// @ts-check
/** The inspector: choose an answer, look at its exchange in tabs; what is shown follows the exchange to its end. */
import { delegate, fresh, make } from "./dom.js";
import { problemNodes } from "./field_message.js";
import { insert } from "./fragments.js";
import { colour } from "./markdown/code.js";
import { show } from "./panels.js";
import { LIVE } from "./reply.js";
import { get } from "./request.js";
import { choose as chooseTab } from "./tabs.js";

/** How often a tab of a live exchange is loaded again. The server keeps what came once a second. */
const REFRESH_MS = 2_000;
/** The request of a live exchange does not change any more. */
const GROWING_TABS = ["response", "events", "timing"];

/** @type {Inspector | null} */
let inspector = null;

/** @param {ParentNode} root */
export function bind(root) {
  for (const region of fresh(root, "[data-inspector]")) inspector = new Inspector(region);
  if (root instanceof Element && root.closest("[data-inspector-panel]")) colour(root);
}

export function start() {
  delegate("click", "[data-inspect]", (button) => {
    const article = button.closest("[data-exchange]");
    if (article instanceof HTMLElement) inspector?.choose(article, button.dataset["inspect"] ?? "");
  });
  document.addEventListener("panel:shown", () => inspector?.refresh());
  document.addEventListener("run:started", () => inspector?.chooseNewest());
  document.addEventListener("exchange:ended", (event) => {
    inspector?.ended(/** @type {CustomEvent<{exchange: string}>} */ (event).detail.exchange);
  });
  setInterval(() => inspector?.tick(), REFRESH_MS);
}

class Inspector {
  #region;
  #panel;
  /** @type {AbortController | null} */
  #loading = null;
  /** The address of what is shown, so that a second look costs nothing. */
  #shown = "";

  /** @param {HTMLElement} region */
  constructor(region) {
    this.#region = region;
    this.#panel = /** @type {HTMLElement} */ (region.querySelector("[data-inspector-panel]"));
    region.addEventListener("tab:chosen", () => this.refresh());
    if (!this.#exchange) this.chooseNewest();
  }

  get #exchange() {
    return this.#region.dataset["exchange"] ?? "";
  }

  get #tab() {
    const tab = this.#region.querySelector('[role="tab"][aria-selected="true"]');
    return tab?.getAttribute("data-tab") ?? "request";
  }

  /** Show an answer's exchange. @param {HTMLElement} article @param {string} name of the tab, "" for the open one */
  choose(article, name) {
    this.#region.dataset["exchange"] = article.dataset["exchange"] ?? "";
    show("inspector");
    const tab = name && this.#region.querySelector(`[data-tab="${CSS.escape(name)}"]`);
    if (tab instanceof HTMLElement) chooseTab(tab);
    this.refresh();
  }

  /** The newest answer is what the inspector would show; it does not come to the front for it. */
  chooseNewest() {
    const newest = [...document.querySelectorAll("[data-transcript] article[data-exchange]")].at(-1);
    if (!(newest instanceof HTMLElement)) return;
    this.#region.dataset["exchange"] = newest.dataset["exchange"] ?? "";
    this.refresh();
  }

  /** @param {string} exchange */
  ended(exchange) {
    if (exchange === this.#exchange) this.#again();
  }

  /** Follow a live exchange, unless somebody is using what is shown. */
  tick() {
    const live = document.querySelector(`${LIVE}[data-exchange="${CSS.escape(this.#exchange)}"]`);
    if (!live || !GROWING_TABS.includes(this.#tab) || document.hidden) return;
    if (!this.#panel.querySelector("details[open], :focus")) this.#again();
  }

  #again() {
    this.#shown = "";
    this.refresh();
  }

  /** Show what is chosen, when somebody can see it. */
  refresh() {
    const visible = this.#region.checkVisibility();
    this.#mark(visible ? this.#exchange : "");
    const url = `/exchanges/${this.#exchange}/${this.#tab}/`;
    if (visible && this.#exchange && url !== this.#shown) void this.#load(url);
  }

  /** @param {string} url */
  async #load(url) {
    this.#loading?.abort();
    const loading = (this.#loading = new AbortController());
    this.#panel.setAttribute("aria-busy", "true");
    const result = await get(url, loading.signal);
    if (result.aborted) return;
    this.#panel.removeAttribute("aria-busy");
    if (!result.ok) {
      const again = () => this.#again();
      this.#panel.replaceChildren(make("div", { class: "panel__none" }, ...problemNodes(result, again)));
      return;
    }
    const scrolled = this.#panel.querySelector('[role="group"][tabindex]')?.scrollTop ?? 0;
    const same = this.#panel.dataset["shows"] === url;
    insert(this.#panel, result.html, "innerHTML");
    this.#shown = this.#panel.dataset["shows"] = url;
    const list = this.#panel.querySelector('[role="group"][tabindex]');
    if (list && same) list.scrollTop = scrolled;
  }

  /** The answer that is shown is marked in the transcript. @param {string} exchange "" for none */
  #mark(exchange) {
    for (const article of document.querySelectorAll("[data-transcript] article[data-exchange]")) {
      const shown = exchange !== "" && article.getAttribute("data-exchange") === exchange;
      if (shown) article.setAttribute("aria-current", "true");
      else article.removeAttribute("aria-current");
    }
  }
}
