// @ts-check
/**
 * What somebody has opened, pressed, focused and scrolled to stays when a tab is loaded again. Foldable parts carry
 * `data-keep="name"`, pressed buttons `data-keep-pressed="name"`; scrolling parts are known by their label.
 */
import { elements } from "../dom.js";

const SCROLLS = '[role="group"][aria-label]';

/** @typedef {{open: Map<string, boolean>, pressed: Set<string>, scrolled: Map<string, number>, focus: string}} Kept */

/** @param {HTMLElement} panel @returns {Kept} */
export function keep(panel) {
  const open = new Map();
  for (const part of panel.querySelectorAll("details[data-keep]")) {
    if (part instanceof HTMLDetailsElement) open.set(part.dataset["keep"], part.open);
  }
  const pressed = elements(panel, '[data-keep-pressed][aria-pressed="true"]');
  const scrolled = elements(panel, SCROLLS).filter((part) => part.scrollTop > 0);
  return {
    open,
    pressed: new Set(pressed.map((button) => button.dataset["keepPressed"] ?? "")),
    scrolled: new Map(scrolled.map((part) => [part.getAttribute("aria-label") ?? "", part.scrollTop])),
    focus: focusIn(panel),
  };
}

/** @param {HTMLElement} panel @param {Kept} kept */
export function restore(panel, kept) {
  for (const part of panel.querySelectorAll("details[data-keep]")) {
    const open = part instanceof HTMLDetailsElement && kept.open.get(part.dataset["keep"] ?? "");
    if (part instanceof HTMLDetailsElement && typeof open === "boolean" && part.open !== open) part.open = open;
  }
  for (const button of elements(panel, '[data-keep-pressed][aria-pressed="false"]')) {
    if (kept.pressed.has(button.dataset["keepPressed"] ?? "")) button.click();
  }
  for (const part of elements(panel, SCROLLS)) {
    const top = kept.scrolled.get(part.getAttribute("aria-label") ?? "");
    if (top !== undefined) part.scrollTop = top;
  }
  const focus = kept.focus && panel.querySelector(kept.focus);
  if (focus instanceof HTMLElement) focus.focus({ preventScroll: true });
}

/** How to find what has the focus again, "" where nothing in the panel has it. @param {HTMLElement} panel */
function focusIn(panel) {
  const active = document.activeElement;
  if (!(active instanceof HTMLElement) || !panel.contains(active) || active === panel) return "";
  const fold = active.matches("summary") ? active.closest("[data-keep]") : null;
  if (fold) return `[data-keep="${CSS.escape(fold.getAttribute("data-keep") ?? "")}"] > summary`;
  for (const name of ["name", "data-keep-pressed", "data-copy-from", "aria-label", "hx-get"]) {
    const value = active.getAttribute(name);
    if (value) return `${active.tagName.toLowerCase()}[${name}="${CSS.escape(value)}"]`;
  }
  return "";
}
