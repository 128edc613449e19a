// @ts-check
/** What the server says about the values of the rows: it comes with every preview and is put beside them. */
import { elements, part } from "./dom.js";
import { inputsOf } from "./parameter_controls.js";

/** Put what the server says about the values beside their rows. @param {HTMLElement} notes */
export function showNotes(notes) {
  /** @type {Map<string, Node[]>} */
  const said = new Map();
  for (const template of notes.querySelectorAll("template")) {
    said.set(template.getAttribute("data-notes-of") ?? "", [...template.content.children]);
  }
  for (const row of elements(document, "[data-parameter-panel] [data-param]")) {
    const nodes = row.dataset["state"] === "unset" ? [] : (said.get(row.dataset["param"] ?? "") ?? []);
    const bad = nodes.some((node) => node instanceof HTMLElement && node.dataset["level"] === "bad");
    mark(row, nodes.length === 0 ? "" : bad ? "bad" : "warn", nodes);
  }
}

/** @param {HTMLElement} row @param {"" | "warn" | "bad"} level @param {Node[]} nodes */
export function mark(row, level, nodes) {
  const place = part(row, "[data-param-notes]");
  const before = place.textContent?.trim();
  const now = nodes.map((node) => node.textContent ?? "").join("").trim();
  // The same words are left alone: they may be under the pointer, and are not to be read out again.
  if (before?.replace(/\s+/g, "") !== now.replace(/\s+/g, "")) place.replaceChildren(...nodes.map((node) => node.cloneNode(true)));
  for (const input of inputsOf(row)) {
    if (input.matches("[data-param-slider]")) continue;
    input.toggleAttribute("data-warn", level === "warn");
    if (level === "bad") input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
    if (level) input.setAttribute("aria-describedby", place.id);
    else input.removeAttribute("aria-describedby");
  }
}
