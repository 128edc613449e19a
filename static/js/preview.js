// @ts-check
/** The request preview comes anew with every key press; whether its messages are unfolded stays as it was. */
import { fresh, part } from "./dom.js";

let unfolded = false;

/** @param {ParentNode} root */
export function bind(root) {
  for (const rows of fresh(root, "[data-preview-rows]")) {
    const button = rows.querySelector("[data-preview-fold]");
    if (!button) continue;
    fold(rows);
    button.addEventListener("click", () => {
      unfolded = !unfolded;
      fold(rows);
    });
  }
}

/** @param {Element} rows */
function fold(rows) {
  part(rows, "[data-preview-fold]").setAttribute("aria-expanded", String(unfolded));
  part(rows, "[data-fold-end]").hidden = unfolded;
  part(rows, "[data-folded]").hidden = !unfolded;
}
