// @ts-check
/** The request preview comes anew with every key press; whether its messages are unfolded stays as it was. */
import { delegate, fresh, part } from "./dom.js";

let unfolded = false;

export function start() {
  delegate("click", "[data-preview-fold]", (button) => {
    unfolded = button.getAttribute("aria-expanded") !== "true";
    const rows = button.closest("[data-preview-rows]");
    if (rows) fold(rows);
  });
}

/** @param {ParentNode} root */
export function bind(root) {
  for (const rows of fresh(root, "[data-preview-rows]")) {
    if (rows.querySelector("[data-preview-fold]")) fold(rows);
  }
}

/** @param {Element} rows */
function fold(rows) {
  part(rows, "[data-preview-fold]").setAttribute("aria-expanded", String(unfolded));
  part(rows, "[data-fold-end]").hidden = unfolded;
  part(rows, "[data-folded]").hidden = !unfolded;
}
