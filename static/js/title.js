// @ts-check
/** The title of the conversation: changed in place, or by the server after the first message. */
import { fresh } from "./dom.js";
import { gettext } from "./i18n.js";

/** @param {ParentNode} root */
export function bind(root) {
  for (const field of fresh(root, "[data-title-field]")) listen(/** @type {HTMLInputElement} */ (field));
  // The list of conversations tells how the open one is called now.
  for (const row of fresh(root, "[data-current-title]")) take(row.dataset["currentTitle"] ?? "");
}

/** @param {HTMLInputElement} field */
function listen(field) {
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape") {
      field.value = field.defaultValue;
      field.blur();
      event.preventDefault();
    } else if (event.key === "Enter") {
      // Leaving the field saves it, once.
      event.preventDefault();
      field.blur();
    }
  });
  field.addEventListener("change", () => show(field.value.trim()));
}

/** Show the title that the conversation has by now. @param {string} title */
export function take(title) {
  const field = document.querySelector("[data-title-field]");
  if (!(field instanceof HTMLInputElement) || field === document.activeElement) return;
  field.value = field.defaultValue = title;
  show(title);
}

/** @param {string} title */
function show(title) {
  const shown = title || gettext("New chat");
  const heading = document.querySelector("[data-title]");
  if (heading) heading.textContent = shown;
  document.title = `${shown} · Chat Playground`;
}
