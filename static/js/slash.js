// @ts-check
/** "/" in an empty composer opens the presets. */
import { delegate } from "./dom.js";
import { presets } from "./parts.js";

export function start() {
  const dialog = document.querySelector("dialog#presets");
  // Who may only look has none.
  if (!(dialog instanceof HTMLDialogElement)) return;
  delegate("keydown", "[data-composer] textarea[name=message]", (field, event) => {
    const plain = event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !event.isComposing;
    if (!plain || !(field instanceof HTMLTextAreaElement) || field.value !== "") return;
    event.preventDefault();
    void open(dialog, field);
  });
}

/** @param {HTMLDialogElement} dialog @param {HTMLTextAreaElement} field */
async function open(dialog, field) {
  dialog.showModal();
  const behaviour = await presets.load();
  if (behaviour) return behaviour.showAfterSlash();
  dialog.close();
  field.setRangeText("/", 0, 0, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
