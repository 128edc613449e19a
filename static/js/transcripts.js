// @ts-check
/**
 * Where messages stand. A page shows one transcript, or one in each column (`data-column`); there an answer of the server
 * comes in parts, each for one column (`data-column-part`).
 */
import { elements } from "./dom.js";
import { insert } from "./fragments.js";

/** The transcript around an element, or of its column; the first one for what stands in none. @param {Element} element */
export function transcriptOf(element) {
  const own = element.closest("[data-transcript]") ?? element.closest("section[data-column]")?.querySelector("[data-transcript]");
  return own ?? document.querySelector("[data-transcript]");
}

/** The column around an element, "" where there is only one. @param {Element} element */
export function columnOf(element) {
  return element.closest("section[data-column]")?.getAttribute("data-column") ?? "";
}

/** A message as an element's own transcript shows it. @param {Element} element @param {string} message */
export function messageBeside(element, message) {
  return transcriptOf(element)?.querySelector(`[data-message="${CSS.escape(message)}"]`) ?? null;
}

/** Show what a run adds, each part in its column; what is there already stays. @param {string} html */
export function addMessages(html) {
  for (const { transcript, part } of partsOf(html)) {
    if (transcript && !isThere(part)) insert(transcript, htmlOf(part), "beforeend");
  }
}

/** Show what a run adds to one transcript, unless the page has heard of it already. @param {Element} transcript @param {string} html */
export function addMessagesTo(transcript, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  if (!isThere(template.content)) insert(transcript, html, "beforeend");
}

/** @param {ParentNode} part */
function isThere(part) {
  return [...part.querySelectorAll("article[id]")].some(({ id }) => document.getElementById(id));
}

/** Show other messages from one on, to the end of its transcript. @param {Element} article @param {string} html */
export function replaceFrom(article, html) {
  const transcript = transcriptOf(article);
  if (!transcript) return;
  /** @type {Element | null} */
  let item = itemOf(article);
  while (item) {
    /** @type {Element | null} */
    const next = item.nextElementSibling;
    item.remove();
    item = next;
  }
  for (const { part } of partsOf(html)) insert(transcript, htmlOf(part), "beforeend");
}

/** Show everything anew in the columns that the parts are for. @param {string} html */
export function replaceAll(html) {
  for (const { transcript, part } of partsOf(html)) {
    if (transcript) insert(transcript, htmlOf(part), "innerHTML");
  }
}

/** What stands in the transcript itself: a message, or the row of choices around it. @param {Element} article */
export function itemOf(article) {
  let item = article;
  while (item.parentElement && !item.parentElement.matches("[data-transcript]")) item = item.parentElement;
  return item.parentElement ? item : article;
}

/** @param {string} html @returns {{transcript: Element | null, part: ParentNode}[]} */
function partsOf(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const parts = elements(template.content, "[data-column-part]");
  if (parts.length === 0) return [{ transcript: document.querySelector("[data-transcript]"), part: template.content }];
  return parts.map((part) => {
    const column = document.querySelector(`section[data-column="${CSS.escape(part.dataset["columnPart"] ?? "")}"]`);
    return { transcript: column?.querySelector("[data-transcript]") ?? null, part };
  });
}

/** @param {ParentNode} part */
function htmlOf(part) {
  if (part instanceof Element) return part.innerHTML;
  const around = document.createElement("template");
  around.content.append(...part.childNodes);
  return around.innerHTML;
}
