// @ts-check
/** The search dialog: opens by its button or its keys, answers as one types, arrow keys lead through what was found. */
import { delegate, elements } from "./dom.js";

export function start() {
  delegate("click", "[data-search-open]", () => openFinder());
  document.addEventListener("keydown", (event) => {
    const dialog = finder();
    if (!dialog?.open || event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") move(dialog, event);
    else if (event.key === "Enter") openFirst(dialog, event);
  });
}

/** Open the dialog with the last words selected; where a page has none, go to the page that searches. */
export function openFinder() {
  const dialog = finder();
  if (!dialog) return location.assign("/search/");
  dialog.showModal();
  words(dialog)?.select();
}

/** @returns {HTMLDialogElement | null} */
function finder() {
  const dialog = document.querySelector("[data-finder]");
  return dialog instanceof HTMLDialogElement ? dialog : null;
}

/** @param {HTMLDialogElement} dialog */
function words(dialog) {
  const field = dialog.querySelector("[data-finder-words]");
  return field instanceof HTMLInputElement ? field : null;
}

/** @param {HTMLDialogElement} dialog @param {KeyboardEvent} event */
function move(dialog, event) {
  const field = words(dialog);
  const stops = [...(field ? [field] : []), ...elements(dialog, "a.hit")];
  const at = stops.findIndex((stop) => stop === document.activeElement);
  if (at === -1) return;
  event.preventDefault();
  const next = event.key === "ArrowDown" ? at + 1 : at - 1;
  stops[(next + stops.length) % stops.length]?.focus();
}

/** Enter in the field opens what stands first. @param {HTMLDialogElement} dialog @param {KeyboardEvent} event */
function openFirst(dialog, event) {
  if (document.activeElement !== words(dialog)) return;
  const first = dialog.querySelector("a.hit:not(.hit--all)");
  if (!(first instanceof HTMLAnchorElement)) return;
  event.preventDefault();
  first.click();
}
