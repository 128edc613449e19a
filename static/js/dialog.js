// @ts-check
/**
 * Dialogs: `data-dialog-open="#id"` opens one (which then fires `dialog:opened`), `data-dialog-close` closes it, a press beside it closes it too.
 * The one confirm dialog of the page asks for `hx-confirm` and for `ask`.
 */
import { delegate } from "./dom.js";

/**
 * @typedef {object} Question
 * @property {string} text
 * @property {string} [detail]
 * @property {string} [yes] the label of the button that goes ahead
 */

/**
 * @param {Question} question
 * @returns {Promise<boolean>}
 */
export function ask({ text, detail = "", yes = "" }) {
  const dialog = document.querySelector("[data-confirm-dialog]");
  if (!(dialog instanceof HTMLDialogElement)) return Promise.resolve(window.confirm(text));
  fill(dialog, "[data-confirm-text]", text);
  fill(dialog, "[data-confirm-detail]", detail);
  const button = dialog.querySelector("[data-confirm-yes]");
  if (button instanceof HTMLElement) {
    button.dataset["usual"] ??= button.textContent ?? "";
    button.textContent = yes || button.dataset["usual"];
  }
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

/** What lies in front: the dialog one is in, or the page. All else is inert: not seen, not focused, not read out. @returns {Element} */
export function foreground() {
  const open = [...document.querySelectorAll("dialog:modal")];
  return open.find((dialog) => dialog.contains(document.activeElement)) ?? open.at(-1) ?? document.body;
}

/** @param {Element} dialog @param {string} selector @param {string} text */
function fill(dialog, selector, text) {
  const place = dialog.querySelector(selector);
  if (!(place instanceof HTMLElement)) return;
  place.textContent = text;
  place.hidden = text === "";
}

/** @typedef {{question: string | null, elt: HTMLElement, issueRequest(skip: boolean): void}} ConfirmDetail */

export function start() {
  document.addEventListener("htmx:confirm", (event) => {
    const detail = /** @type {CustomEvent<ConfirmDetail>} */ (event).detail;
    if (!detail.question) return;
    event.preventDefault();
    const { confirmDetail = "", confirmYes = "" } = detail.elt.dataset;
    void ask({ text: detail.question, detail: confirmDetail, yes: confirmYes }).then((yes) => {
      if (yes) detail.issueRequest(true);
    });
  });
  delegate("click", "[data-dialog-open]", (opener) => {
    const dialog = document.querySelector(opener.dataset["dialogOpen"] ?? "");
    if (!(dialog instanceof HTMLDialogElement)) return;
    dialog.showModal();
    dialog.dispatchEvent(new CustomEvent("dialog:opened"));
  });
  delegate("click", "[data-dialog-close]", (button) => button.closest("dialog")?.close());
  document.addEventListener("click", (event) => {
    // Only the backdrop of a dialog is the dialog itself to a pointer.
    if (event.target instanceof HTMLDialogElement && event.target.open && isOutside(event.target, event)) {
      event.target.close();
    }
  });
}

/** The address of a fragment leads here as `?open=presets`: open what a button of the page opens. */
export function openNamed() {
  const address = new URL(location.href);
  const name = address.searchParams.get("open");
  if (!name) return;
  // A reload, or the address copied, opens nothing.
  address.searchParams.delete("open");
  history.replaceState(history.state, "", address);
  const opener = document.querySelector(`[data-dialog-open="#${CSS.escape(name)}"]`);
  if (opener instanceof HTMLElement) window.addEventListener("load", () => opener.click(), { once: true });
}

/** @param {HTMLDialogElement} dialog @param {MouseEvent} event */
function isOutside(dialog, event) {
  const box = dialog.getBoundingClientRect();
  // Enter on a button makes a click at 0,0.
  if (event.clientX === 0 && event.clientY === 0) return false;
  return (
    event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom
  );
}
