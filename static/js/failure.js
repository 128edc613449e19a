// @ts-check
/** Why an answer failed, said in its article. */
import { make } from "./dom.js";

/**
 * @typedef {object} Failure
 * @property {string} kind
 * @property {string} message
 * @property {string} advice
 * @property {number | null} status
 * @property {string | null} param
 * @property {number | null} retry_after seconds
 */

/** @param {HTMLElement} article @param {Failure} error */
export function showFailure(article, error) {
  const place = article.querySelector("[data-error]");
  if (!(place instanceof HTMLElement)) return;
  place.replaceChildren(
    make("p", { class: "notice__title" }, error.message),
    ...(error.advice ? [make("p", { class: "soft" }, error.advice)] : []),
  );
  place.hidden = false;
  const again = article.querySelector('[data-when="failed"] [data-again]');
  if (error.retry_after) again?.setAttribute("data-wait", String(error.retry_after));
}
