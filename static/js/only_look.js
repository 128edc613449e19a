// @ts-check
/** The parameters for somebody who may only look: everything can be found, read and copied, and nothing can be set. */
import { elements } from "./dom.js";

/** Whether the page says that the person may not write here. */
export function mayOnlyLook() {
  return document.querySelector('[data-live][data-may-edit="false"]') !== null;
}

/** @param {HTMLElement} panel */
export function lock(panel) {
  panel.dataset["locked"] = "";
  for (const control of elements(panel, "[data-param] :is(input, textarea, select, button)")) {
    if (control.matches("[data-param-help]")) continue;
    if (control instanceof HTMLTextAreaElement || control.matches("input.field")) control.setAttribute("readonly", "");
    else control.setAttribute("disabled", "");
  }
}
