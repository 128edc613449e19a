// @ts-check
/** What is wrong, said at the field it concerns. */
import { make } from "./dom.js";
import { gettext } from "./i18n.js";
import { icon } from "./icons.js";

/** @import { Result } from "./request.js" */

/** Fields of one name may stand in several columns; what is said of each has an id of its own. */
let made = 0;

export class FieldMessage {
  #field;
  #place;

  /** @param {HTMLElement} form holds `[data-form-error]`, or gets one @param {HTMLElement} field */
  constructor(form, field) {
    this.#field = field;
    const place = form.querySelector("[data-form-error]");
    this.#place = place instanceof HTMLElement ? place : make("div", { "data-form-error": "", role: "alert" });
    if (!this.#place.id) this.#place.id = `${field.id || field.getAttribute("name") || "field"}-error-${(made += 1)}`;
    if (!this.#place.parentNode) form.prepend(this.#place);
    if (this.#place.childNodes.length === 0) this.#place.hidden = true;
  }

  /** @param {string} sentence @param {...Node} actions */
  say(sentence, ...actions) {
    this.#show(line(sentence), ...actions);
    this.#field.focus({ preventScroll: true });
  }

  /** @param {Result} result @param {() => void} again */
  fail(result, again) {
    const nodes = problemNodes(result, again);
    this.#show(...nodes);
    this.#field.focus({ preventScroll: true });
    // Nobody is told to wait for a network that is back.
    const back = () => nodes[0] instanceof Element && nodes[0].replaceWith(line(gettext("The network is back. What you typed is kept; try again.")));
    if (!navigator.onLine) addEventListener("online", back, { once: true });
  }

  clear() {
    if (this.#place.hidden) return;
    this.#place.hidden = true;
    this.#place.replaceChildren();
    this.#field.removeAttribute("aria-invalid");
    this.#field.removeAttribute("aria-describedby");
  }

  /** @param {...Node} nodes */
  #show(...nodes) {
    this.#place.replaceChildren(...nodes);
    this.#place.hidden = false;
    this.#field.setAttribute("aria-invalid", "true");
    this.#field.setAttribute("aria-describedby", this.#place.id);
  }
}

/**
 * What the server said, or else our sentence for it, and what can be done now.
 * @param {Result} result
 * @param {() => void} again
 * @returns {Node[]}
 */
export function problemNodes(result, again) {
  const template = document.createElement("template");
  template.innerHTML = result.html;
  const said = result.html.trim() === "" ? [line(result.problem)] : [...template.content.childNodes];
  if (result.signedOut) return [...said, signInLink()];
  return result.status === 422 ? said : [...said, retryButton(again)];
}

/** @param {string} sentence */
function line(sentence) {
  return make("p", { class: "labelled__error" }, icon("bad", "small"), make("span", {}, sentence));
}

function signInLink() {
  const next = encodeURIComponent(location.pathname + location.search);
  return make("a", { class: "btn btn--small", href: `/accounts/login/?next=${next}` }, gettext("Sign in"));
}

/** @param {() => void} again */
function retryButton(again) {
  const button = make("button", { type: "button", class: "btn btn--small" }, gettext("Try again"));
  button.addEventListener("click", again);
  return button;
}
