// @ts-check
/** The answers of one exchange beside each other: one of them is what the conversation goes on from. */
import { delegate, elements } from "./dom.js";
import { post } from "./request.js";
import { toast } from "./toasts.js";
import { columnOf, itemOf, replaceFrom, transcriptOf } from "./transcripts.js";

export function start() {
  delegate("click", "[data-pick]", (button) => void pick(button));
}

/** @param {HTMLElement} button */
async function pick(button) {
  const article = button.closest("[data-message]");
  if (!(article instanceof HTMLElement)) return;
  const column = columnOf(button);
  button.setAttribute("aria-busy", "true");
  const result = await post(button.dataset["pick"] ?? "", new URLSearchParams(column ? { column } : {}));
  button.removeAttribute("aria-busy");
  if (!result.ok) return toast(result.problem, "bad");
  const row = itemOf(article);
  // What follows another choice is another branch; at its end nothing but the mark changes, whatever still streams.
  if (row !== transcriptOf(article)?.lastElementChild) replaceFrom(article, result.html);
  else for (const each of elements(row, "[data-picked]")) each.dataset["picked"] = String(each === article);
  document.dispatchEvent(new Event("choice:picked"));
}
