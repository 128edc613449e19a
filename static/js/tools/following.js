// @ts-check
/** What follows the last message of a list and did not come by the socket: saved results, and the answers to them. */
import { elements } from "../dom.js";
import { insert, rootIds } from "../fragments.js";
import { get } from "../request.js";
import { settle } from "./results.js";

/** @type {WeakSet<Element>} lists that are being asked about */
const asking = new WeakSet();

/** What was added while the connection was away was not told. */
export function look() {
  for (const list of elements(document, "[data-transcript]")) {
    const last = elements(list, "[data-message]").at(-1);
    if (last?.querySelector("[data-tool-call]")) void refreshFollowing(last);
  }
}

/** Fetch what follows the last message of a list. @param {HTMLElement} article */
export async function refreshFollowing(article) {
  const list = article.closest("[data-transcript]");
  const conversation = location.pathname.match(/^\/conversations\/([\w-]+)\/$/)?.[1];
  if (!list || !conversation || asking.has(list)) return;
  asking.add(list);
  const column = article.closest("section[data-column]")?.getAttribute("data-column") ?? "";
  const shown = column ? `?column=${column}` : "";
  const result = await get(`/conversations/${conversation}/after/${article.dataset["message"]}/${shown}`);
  asking.delete(list);
  const isLast = elements(list, "[data-message]").at(-1) === article;
  if (!result.ok || !result.html || !isLast) return;
  if (rootIds(result.html).some((id) => document.getElementById(id))) return;
  const form = article.querySelector("form[data-results]");
  if (form instanceof HTMLElement) settle(form);
  insert(list, result.html.trim(), "beforeend");
  document.dispatchEvent(new Event("run:started"));
  document.dispatchEvent(new Event("loop:moved"));
}
