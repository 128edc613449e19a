// @ts-check
/** The inspector: choose an answer, look at its exchange in tabs; what is shown follows the exchange to its end. */
import { delegate, fresh, make } from "../dom.js";
import { isSeen } from "../drawers.js";
import { problemNodes } from "../field_message.js";
import { insert } from "../fragments.js";
import { gettext } from "../i18n.js";
import { colour } from "../markdown/code.js";
import { show } from "../panels.js";
import { LIVE } from "../reply.js";
import { get } from "../request.js";
import { choose as chooseTab } from "../tabs.js";
import { bind as bindBodies, start as startBodies } from "./bodies.js";
import { addNews, bind as bindEvents, filterOf, openEvent, start as startEvents } from "./events.js";
import { bind as bindHeat, start as startHeat } from "./heat.js";
import { keep, restore } from "./keep.js";
import { writePlace } from "./place.js";
import { bind as bindScrubber, release } from "./scrubber.js";

/** How often a tab of a live exchange is brought up to date. The server keeps what came once a second. */
const REFRESH_MS = 1_000;
/** The request of a live exchange does not change any more; tokens come with its end. */
const GROWING_TABS = ["response", "events", "timing"];

/** @type {Inspector | null} */
let inspector = null;

/** @param {ParentNode} root */
export function bind(root) {
  for (const region of fresh(root, "[data-inspector]")) inspector = new Inspector(region);
  if (root instanceof Element && root.closest("[data-inspector-panel]")) colour(root);
  for (const bindPart of [bindBodies, bindEvents, bindScrubber, bindHeat]) bindPart(root);
}

export function start() {
  for (const startPart of [startBodies, startEvents, startHeat]) startPart();
  delegate("click", "[data-inspect]", (button) => {
    const article = button.closest("[data-exchange]");
    if (article instanceof HTMLElement) inspector?.choose(article, button.dataset["inspect"] ?? "");
  });
  for (const type of ["panel:shown", "drawer:moved"]) document.addEventListener(type, () => inspector?.shown());
  // inspector.js has chosen the newest answer.
  document.addEventListener("run:started", () => inspector?.refresh());
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
  /** The event that the page's address names, until it is shown. */
  #event;
  /** Whether the news of a live stream are on their way. */
  #hearing = false;

  /** @param {HTMLElement} region */
  constructor(region) {
    this.#region = region;
    this.#panel = /** @type {HTMLElement} */ (region.querySelector("[data-inspector-panel]"));
    this.#event = region.dataset["event"] ?? "";
    region.addEventListener("tab:chosen", () => this.refresh());
    this.#panel.addEventListener("toggle", (event) => this.#toggled(event), true);
    this.refresh();
  }

  get #exchange() {
    return this.#region.dataset["exchange"] ?? "";
  }

  get #tab() {
    const tab = this.#region.querySelector('[role="tab"][aria-selected="true"]');
    return tab?.getAttribute("data-tab") ?? "request";
  }

  get #url() {
    return `/exchanges/${this.#exchange}/${this.#tab}/`;
  }

  /** Show an answer's exchange. @param {HTMLElement} article @param {string} name of the tab, "" for the open one */
  choose(article, name) {
    this.#region.dataset["exchange"] = article.dataset["exchange"] ?? "";
    show("inspector");
    const tab = name && this.#region.querySelector(`[data-tab="${CSS.escape(name)}"]`);
    if (tab instanceof HTMLElement) chooseTab(tab);
    this.refresh();
  }

  /** @param {string} exchange */
  ended(exchange) {
    if (exchange === this.#exchange) this.#again();
  }

  /** The right side shows another of its rooms, or was opened or closed. */
  shown() {
    if (this.#shown === this.#url) this.#write();
    if (!isSeen(this.#region)) {
      release();
      writePlace(null);
    }
    this.refresh();
  }

  /** Follow a live exchange. */
  tick() {
    const live = document.querySelector(`${LIVE}[data-exchange="${CSS.escape(this.#exchange)}"]`);
    if (!live || !GROWING_TABS.includes(this.#tab) || document.hidden || !isSeen(this.#region)) return;
    // What somebody is marking to copy must not go away under the pointer.
    const marked = getSelection();
    if (marked && !marked.isCollapsed && this.#panel.contains(marked.anchorNode)) return;
    if (this.#panel.querySelector("[data-news]")) void this.#hear();
    else this.#again();
  }

  async #hear() {
    if (this.#hearing || this.#panel.getAttribute("aria-busy") === "true") return;
    this.#hearing = true;
    await addNews(this.#panel, (this.#loading ?? new AbortController()).signal);
    this.#hearing = false;
  }

  #again() {
    this.#shown = "";
    this.refresh();
  }

  /** Show what is chosen, when somebody can see it. */
  refresh() {
    const visible = isSeen(this.#region);
    this.#mark(visible ? this.#exchange : "");
    if (visible && this.#exchange && this.#url !== this.#shown) void this.#load(this.#url);
  }

  /** @param {string} url */
  async #load(url) {
    this.#loading?.abort();
    const loading = (this.#loading = new AbortController());
    this.#panel.setAttribute("aria-busy", "true");
    // At once: who loads the page anew meanwhile sees what was chosen, not what was shown before.
    if (this.#panel.dataset["shows"] !== url) writePlace({ exchange: this.#exchange, tab: this.#tab, event: this.#event });
    // What stands there says that there is nothing to see.
    if (!this.#panel.dataset["shows"]) this.#panel.replaceChildren(make("p", { class: "inspect__note" }, gettext("Loading…")));
    const result = await get(this.#query(url), loading.signal);
    if (result.aborted) return;
    this.#panel.removeAttribute("aria-busy");
    release();
    if (!result.ok) {
      const again = () => this.#again();
      this.#panel.replaceChildren(make("div", { class: "panel__none" }, ...problemNodes(result, again)));
      return;
    }
    const kept = this.#panel.dataset["shows"] === url ? keep(this.#panel) : null;
    insert(this.#panel, result.html, "innerHTML");
    this.#shown = this.#panel.dataset["shows"] = url;
    if (kept) restore(this.#panel, kept);
    this.#followEnd();
    this.#event = "";
    this.#write();
  }

  /** The same tab again keeps its filter; an address may name an event. @param {string} url */
  #query(url) {
    if (this.#event && this.#tab === "events") return `${url}?event=${encodeURIComponent(this.#event)}`;
    return this.#panel.dataset["shows"] === url ? url + filterOf(this.#panel) : url;
  }

  /** A live list begins at its end. */
  #followEnd() {
    const scroll = this.#panel.querySelector("[data-live] [data-event-scroll]");
    if (scroll && scroll.scrollTop === 0) scroll.scrollTop = scroll.scrollHeight;
  }

  /** @param {Event} event */
  #toggled(event) {
    if (event.target instanceof Element && event.target.parentElement?.matches("li.event")) this.#write();
  }

  /** Let the page's address lead to what is shown. */
  #write() {
    const event = this.#event || (this.#tab === "events" ? openEvent(this.#panel) : "");
    if (isSeen(this.#region)) writePlace({ exchange: this.#exchange, tab: this.#tab, event });
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
