// @ts-check
/**
 * The heat map of tokens: pointing at one, moving to it by arrow keys or tapping it shows what could have stood there;
 * choosing an alternative begins a branch with the text up to it, where the API goes on from a beginning.
 */
import { run } from "../branches.js";
import { elements, fresh, make } from "../dom.js";
import { gettext, interpolate, language } from "../i18n.js";
import { get } from "../request.js";
import { toast } from "../toasts.js";

/** So long the card stays when the pointer leaves the token, so that it can get to the card. */
const LINGER_MS = 250;

/** @typedef {[string, number, boolean, boolean]} Alternative text, per cent, whether chosen, whether whole */

/** @type {HeatMap | null} */
let shown = null;

export function start() {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !shown?.isOpen) return;
    event.preventDefault();
    event.stopPropagation();
    shown.close(true);
  }, true);
}

/** @param {ParentNode} root */
export function bind(root) {
  for (const region of fresh(root, "[data-heat]")) shown = new HeatMap(region);
}

class HeatMap {
  #region;
  #text;
  #card = make("div", { class: "heat__card", role: "group", hidden: "" });
  /** @type {HTMLElement | null} */
  #token = null;
  #pinned = false;
  #leaving = 0;

  /** @param {HTMLElement} region */
  constructor(region) {
    this.#region = region;
    this.#text = /** @type {HTMLElement} */ (region.querySelector("[data-heat-text]"));
    this.#text.parentElement?.append(this.#card);
    this.#text.addEventListener("pointerover", (event) => this.#over(event));
    this.#text.addEventListener("focusin", (event) => this.#show(tokenOf(event)));
    this.#text.addEventListener("click", (event) => this.#pin(tokenOf(event)));
    this.#text.addEventListener("keydown", (event) => this.#key(event));
    this.#card.addEventListener("keydown", (event) => this.#keyInCard(event));
    this.#card.addEventListener("pointerenter", () => clearTimeout(this.#leaving));
    for (const part of [this.#text, this.#card]) part.addEventListener("pointerleave", () => this.#leave());
    region.addEventListener("focusout", () => this.#leave());
  }

  get isOpen() {
    return !this.#card.hidden && this.#region.isConnected;
  }

  /** @param {PointerEvent} event */
  #over(event) {
    if (event.pointerType !== "mouse" || this.#pinned) return;
    const token = tokenOf(event);
    clearTimeout(this.#leaving);
    if (token) this.#show(token);
    else this.#leave();
  }

  /** @param {HTMLElement | null} token */
  #pin(token) {
    if (!token) return;
    this.#show(token);
    this.#pinned = true;
  }

  #leave() {
    clearTimeout(this.#leaving);
    this.#leaving = window.setTimeout(() => {
      const inside = this.#card.contains(document.activeElement) || this.#token === document.activeElement;
      if (!this.#pinned && !inside) this.close(false);
      else if (this.#pinned && !this.#region.contains(document.activeElement)) this.close(false);
    }, LINGER_MS);
  }

  /** @param {boolean} back whether the focus goes back to the token */
  close(back) {
    this.#pinned = false;
    this.#card.hidden = true;
    this.#token?.removeAttribute("data-chosen");
    if (back) this.#token?.focus();
    if (back) this.#card.hidden = true;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const token = tokenOf(event);
    if (!token) return;
    const tokens = elements(this.#text, "[data-token]");
    const at = tokens.indexOf(token);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tokens.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      this.#pinned = false;
      const next = tokens[Math.min(Math.max(to, 0), tokens.length - 1)];
      token.tabIndex = -1;
      if (next) next.tabIndex = 0;
      next?.focus();
    } else if (["Enter", " ", "ArrowDown"].includes(event.key)) {
      event.preventDefault();
      this.#pin(token);
      this.#card.querySelector("button")?.focus();
    }
  }

  /** @param {KeyboardEvent} event */
  #keyInCard(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = elements(this.#card, "button");
    const at = buttons.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    if (at + step < 0) this.close(true);
    else buttons[at + step]?.focus();
  }

  /** @param {HTMLElement | null} token */
  #show(token) {
    if (!token) return;
    clearTimeout(this.#leaving);
    this.#token?.removeAttribute("data-chosen");
    this.#token = token;
    token.dataset["chosen"] = "";
    const percent = Number(token.dataset["percent"]);
    const words = { token: visible(token.textContent ?? ""), percent: figure(percent) };
    token.setAttribute("aria-label", interpolate(gettext("%(token)s, %(percent)s %%"), words).replace("%%", "%"));
    this.#card.setAttribute("aria-label", interpolate(gettext("What could have stood in place of %(token)s"), words));
    this.#card.replaceChildren(head(token, percent), ...this.#rows(token));
    this.#card.hidden = false;
    this.#place(token);
  }

  /** @param {HTMLElement} token */
  #rows(token) {
    /** @type {Alternative[]} */
    const alternatives = JSON.parse(token.dataset["alternatives"] ?? "[]");
    if (alternatives.length === 0) return [make("p", { class: "heat__none" }, gettext("No alternatives came with it."))];
    const may = this.#region.dataset["message"] !== undefined;
    const list = make("ul", {});
    for (const [at, alternative] of alternatives.entries()) {
      const [text, percent, chosen, whole] = alternative;
      const label = make("span", { class: "heat__alternative", dir: "auto" }, visible(text));
      const line = [label, bar(percent), make("span", { class: "num" }, `${figure(percent)} %`)];
      const row = make("li", chosen ? { "data-chosen": "" } : {});
      if (may && whole && !chosen) {
        const name = interpolate(gettext("Branch from here with %(token)s"), { token: visible(text) });
        const button = make("button", { type: "button", title: name }, ...line);
        button.addEventListener("click", () => void this.#branch(button, token, at));
        row.append(button);
      } else {
        row.append(make("span", { class: "heat__row" }, ...line));
      }
      list.append(row);
    }
    return [list];
  }

  /** Below the token, inside of the text's box. @param {HTMLElement} token */
  #place(token) {
    const box = /** @type {HTMLElement} */ (this.#card.parentElement);
    const at = token.getClientRects()[0] ?? token.getBoundingClientRect();
    const around = box.getBoundingClientRect();
    const left = Math.max(8, Math.min(at.left - around.left, box.clientWidth - this.#card.offsetWidth - 8));
    const below = at.bottom - around.top + box.scrollTop + 2;
    const above = at.top - around.top + box.scrollTop - this.#card.offsetHeight - 2;
    const fits = at.bottom + this.#card.offsetHeight < around.bottom || above < box.scrollTop;
    this.#card.style.left = `${left}px`;
    this.#card.style.top = `${fits ? below : above}px`;
  }

  /** @param {HTMLElement} button @param {HTMLElement} token @param {number} alternative */
  async #branch(button, token, alternative) {
    const message = this.#region.dataset["message"] ?? "";
    const article = document.querySelector(`[data-transcript] [data-message="${CSS.escape(message)}"]`);
    if (!(article instanceof HTMLElement)) {
      return toast(gettext("This answer is not on the page now: show its branch first."), "bad");
    }
    button.setAttribute("aria-busy", "true");
    const query = `&token=${token.dataset["token"]}&alternative=${alternative}`;
    const begun = await get(`${this.#region.dataset["prefixHref"]}${query}`);
    if (!begun.ok) toast(begun.problem, "bad");
    else await run(article, message, { message: begun.html, role: "assistant", beside: message, parts: "", raw: "" });
    button.removeAttribute("aria-busy");
  }
}

/** @param {Event} event */
function tokenOf(event) {
  const token = event.target instanceof Element ? event.target.closest("[data-token]") : null;
  return token instanceof HTMLElement ? token : null;
}

/** @param {HTMLElement} token @param {number} percent */
function head(token, percent) {
  const parts = Number(token.dataset["parts"]);
  const name = make("b", { dir: "auto" }, visible(token.textContent ?? ""));
  const share = make("span", { class: "num" }, `${figure(percent)} %`);
  const note = parts > 1 ? [make("span", { class: "faint" }, interpolate(gettext("%(count)s tokens joined"), { count: parts }))] : [];
  return make("p", { class: "heat__head" }, name, share, ...note);
}

/** A share as a bar. @param {number} percent */
function bar(percent) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [name, value] of [["viewBox", "0 0 100 8"], ["preserveAspectRatio", "none"], ["aria-hidden", "true"]]) {
    svg.setAttribute(String(name), String(value));
  }
  for (const [name, width] of /** @type {[string, number][]} */ ([["lane", 100], ["bar", Math.max(1, percent)]])) {
    const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    rect.setAttribute("class", name);
    rect.setAttribute("width", String(width));
    rect.setAttribute("height", "8");
    svg.append(rect);
  }
  return svg;
}

/** @param {number} percent */
function figure(percent) {
  const digits = percent >= 10 ? 1 : 2;
  return new Intl.NumberFormat(language(), { maximumFractionDigits: digits }).format(percent);
}

/** A token so that its spaces and line ends are seen. @param {string} text */
function visible(text) {
  return text.replaceAll("\n", "↵").replaceAll("\t", "⇥").replaceAll(" ", "␣") || "∅";
}
