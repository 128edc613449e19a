// @ts-check
/** The inspector: choose an answer, look at its exchange in tabs; what is shown follows the exchange to its end. */
import { delegate, fresh, make } from "./dom.js";
import { insert } from "./fragments.js";
import { colour } from "./markdown/code.js";
import { show } from "./panels.js";
import { get } from "./request.js";
import { choose as chooseTab } from "./tabs.js";
import { problemNodes } from "./field_message.js";

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
  document.addEventListener("exchange:ended", (event) => {
    inspector?.ended(/** @type {CustomEvent<{exchange: string}>} */ (event).detail.exchange);
  });
  document.addEventListener("run:started", () => inspector?.chooseNewest());
}

class Inspector {
  #region;
  #panel;
  /** @type {AbortController | null} */
  #loading = null;
  /** What is shown, so that a second look costs nothing. */
  #shown = "";

  /** @param {HTMLElement} region */
  constructor(region) {
    this.#region = region;
    this.#panel = /** @type {HTMLElement} */ (region.querySelector("[data-inspector-panel]"));
    region.addEventListener("tab:chosen", () => this.#load());
    document.addEventListener("panel:shown", () => this.#load());
    if (!this.#exchange) this.chooseNewest();
  }

  get #exchange() {
    return this.#region.dataset["exchange"] ?? "";
  }

  get #tab() {
    const tab = this.#region.querySelector('[role="tab"][aria-selected="true"]');
    return tab?.getAttribute("data-tab") ?? "request";
  }

  /** @param {HTMLElement} article @param {string} name of the tab, "" for the one that is open */
  choose(article, name) {
    this.#take(article);
    show("inspector");
    const tab = name && this.#region.querySelector(`[data-tab="${CSS.escape(name)}"]`);
    if (tab instanceof HTMLElement) chooseTab(tab);
    this.#load();
  }

  /** The newest answer is what the inspector would show, without coming to the front. */
  chooseNewest() {
    const newest = [...document.querySelectorAll("[data-transcript] article[data-exchange]")].at(-1);
    if (!(newest instanceof HTMLElement)) return;
    this.#take(newest);
    this.#load();
  }

  /** @param {string} exchange */
  ended(exchange) {
    if (exchange !== this.#exchange) return;
    this.#shown = "";
    this.#load();
  }

  /** @param {HTMLElement} article */
  #take(article) {
    this.#region.dataset["exchange"] = article.dataset["exchange"] ?? "";
    for (const other of document.querySelectorAll("[data-transcript] article[aria-current]")) {
      other.removeAttribute("aria-current");
    }
    article.setAttribute("aria-current", "true");
  }

  /** Load the chosen tab when somebody can see it. */
  async #load() {
    const url = `/exchanges/${this.#exchange}/${this.#tab}/`;
    if (!this.#exchange || !this.#region.checkVisibility() || url === this.#shown) return;
    this.#loading?.abort();
    const loading = (this.#loading = new AbortController());
    this.#panel.setAttribute("aria-busy", "true");
    const result = await get(url, loading.signal);
    if (result.aborted) return;
    this.#panel.removeAttribute("aria-busy");
    if (result.ok) {
      insert(this.#panel, result.html, "innerHTML");
      this.#shown = url;
    } else {
      const again = () => void this.#load();
      this.#panel.replaceChildren(make("div", { class: "panel__none" }, ...problemNodes(result, again)));
    }
  }
}
