// @ts-check
/** What people say about messages: fetched once for the open conversation, put beside each message that has some. */
import { delegate, fresh, part } from "./dom.js";
import { insert } from "./fragments.js";
import { get } from "./request.js";
import { toast } from "./toasts.js";

/** Threads whose message is not on the page yet, by its id. @type {Map<string, string>} */
const waiting = new Map();

export function start() {
  delegate("click", "[data-comment]", (button) => void open(button));
  delegate("keydown", "[data-comment-text]", (field, event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    event.preventDefault();
    event.stopPropagation();
    field.closest("form")?.requestSubmit();
  });
}

/** @param {ParentNode} root */
export function bind(root) {
  for (const place of fresh(root, "[data-comments-of]")) void load(place.dataset["commentsOf"] ?? "");
  for (const article of fresh(root, "[data-message]", "comments")) place(article);
}

/** @param {string} url */
async function load(url) {
  const result = await get(url);
  if (!result.ok) return;
  const template = document.createElement("template");
  template.innerHTML = result.html;
  for (const thread of template.content.querySelectorAll("[data-comments]")) {
    if (thread instanceof HTMLElement) waiting.set(thread.dataset["comments"] ?? "", thread.outerHTML);
  }
  for (const article of document.querySelectorAll("[data-message]")) {
    if (article instanceof HTMLElement) place(article);
  }
}

/** @param {HTMLElement} article */
function place(article) {
  const id = article.dataset["message"] ?? "";
  const thread = waiting.get(id);
  if (!thread || article.querySelector("[data-comments]")) return;
  show(article, thread);
}

/** @param {HTMLElement} article @param {string} html */
function show(article, html) {
  insert(part(article, ".msg__body"), html, "beforeend");
}

/** @param {HTMLElement} button */
async function open(button) {
  const article = button.closest("[data-message]");
  const url = button.dataset["comment"];
  if (!(article instanceof HTMLElement) || !url) return;
  if (!article.querySelector("[data-comments]")) {
    const result = await get(url);
    if (!result.ok) return toast(result.problem, "bad");
    if (!article.querySelector("[data-comments]")) show(article, result.html);
  }
  const field = article.querySelector("[data-comment-text]");
  if (field instanceof HTMLElement) field.focus();
}
