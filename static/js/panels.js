// @ts-check
/** The switch between the rooms of the right side: `data-panel-show="name"` shows `data-panel="name"`, hides the rest. */
import { delegate } from "./dom.js";
import { show as showDrawer } from "./drawers.js";

export function start() {
  delegate("click", "[data-panel-show]", (button, event) => {
    event.preventDefault();
    show(button.dataset["panelShow"] ?? "");
  });
}

/** @param {string} name */
export function show(name) {
  const chosen = document.querySelector(`[data-panel="${CSS.escape(name)}"]`);
  if (!chosen) return;
  for (const panel of document.querySelectorAll("[data-panel]")) {
    if (panel instanceof HTMLElement) panel.hidden = panel !== chosen;
  }
  for (const button of document.querySelectorAll("[data-panel-show]")) {
    button.setAttribute("aria-pressed", String(button.getAttribute("data-panel-show") === name));
  }
  showDrawer("panel");
  chosen.dispatchEvent(new CustomEvent("panel:shown", { bubbles: true, detail: { name } }));
}
