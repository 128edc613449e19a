// @ts-check
/** Selecting several conversations of the list, to do one thing with all of them. */
import { delegate, elements, fresh } from "./dom.js";
import { interpolate, ngettext } from "./i18n.js";

export function start() {
  delegate("click", "[data-select]", () => select(true));
  delegate("click", "[data-select-end]", () => select(false));
  delegate("click", "[data-select-all]", () => {
    const boxes = picks();
    const all = boxes.every((box) => box.checked);
    for (const box of boxes) box.checked = !all;
    count();
  });
  delegate("change", "[data-pick]", count);
  // In select mode a press on a row picks it; the link is for the other times.
  delegate("click", "[data-selecting] [data-row] > a", (link, event) => {
    const box = link.parentElement?.querySelector("[data-pick]");
    if (!(box instanceof HTMLInputElement)) return;
    event.preventDefault();
    box.click();
  });
  delegate("keydown", "[data-organise] [data-enter]", (field, event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    event.preventDefault();
    const button = field.closest("form")?.querySelector(`button[value="${field.dataset["enter"]}"]`);
    if (button instanceof HTMLElement) button.click();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || !list()?.hasAttribute("data-selecting")) return;
    event.preventDefault();
    select(false);
  });
}

/** A list that was swapped in begins without a selection. @param {ParentNode} root */
export function bind(root) {
  if (fresh(root, "[data-list-view]").length > 0) select(false);
}

/** @param {boolean} on */
function select(on) {
  const place = list();
  const form = document.querySelector("[data-organise]");
  if (!place || !(form instanceof HTMLFormElement)) return;
  place.toggleAttribute("data-selecting", on);
  form.hidden = !on;
  for (const box of picks()) box.checked = false;
  const view = document.querySelector("[data-list-view]");
  const shown = view instanceof HTMLElement ? (view.dataset["listView"] ?? "") : "";
  const named = form.querySelector("[data-organise-view]");
  if (named instanceof HTMLInputElement) named.value = shown;
  for (const button of elements(form, "[data-only-in]")) button.hidden = button.dataset["onlyIn"] !== shown;
  for (const button of elements(form, "[data-not-in]")) button.hidden = button.dataset["notIn"] === shown;
  const tags = form.querySelector("[data-enter]");
  if (tags instanceof HTMLInputElement) tags.value = "";
  count();
  if (on) picks()[0]?.focus();
}

function count() {
  const chosen = picks().filter((box) => box.checked).length;
  const place = document.querySelector("[data-organise-count]");
  if (place) {
    place.textContent = interpolate(ngettext("%(count)s selected", "%(count)s selected", chosen), { count: chosen });
  }
  for (const button of document.querySelectorAll("[data-organise] button[name=deed]")) {
    if (button instanceof HTMLButtonElement) button.disabled = chosen === 0;
  }
}

/** @returns {HTMLElement | null} */
function list() {
  const place = document.querySelector("[data-conversation-list]");
  return place instanceof HTMLElement ? place : null;
}

/** @returns {HTMLInputElement[]} */
function picks() {
  return elements(list() ?? document, "[data-pick]").filter((box) => box instanceof HTMLInputElement);
}
