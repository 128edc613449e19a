// @ts-check
/**
 * When the upstream objects to a parameter: its row is marked while it still holds what was sent, and the error offers
 * to run again without it, or with the documented limit. Only the newest answer, whose settings the form may still hold.
 */
import { delegate, elements, part } from "./dom.js";
import { insert } from "./fragments.js";
import { gettext } from "./i18n.js";
import { icon } from "./icons.js";
import { changeParameter } from "./parameters.js";
import { get } from "./request.js";

export function start() {
  delegate("click", "[data-objection-to]", runChanged);
  document.addEventListener("exchange:ended", () => void ask());
  document.addEventListener("parameters:changed", marks);
  void ask();
}

/** Ask what the newest answer's error is about, once. */
async function ask() {
  const article = elements(document, "[data-transcript] > [data-message]").at(-1);
  const place = article?.dataset["state"] === "failed" ? article.querySelector("[data-objection]") : null;
  const url = place?.getAttribute("data-objection");
  if (!place || !url) return marks();
  place.removeAttribute("data-objection");
  const result = await get(url);
  // No answer, no offer: what went wrong stands there all the same.
  if (result.ok && place.isConnected) insert(place, result.html.trim(), "innerHTML");
  marks();
}

/** @param {HTMLElement} button */
function runChanged(button) {
  changeParameter(button.dataset["objectionTo"] ?? "", button.dataset["instead"] ?? "");
  const again = button.closest("[data-when]")?.querySelector("[data-again]");
  again?.removeAttribute("data-wait");
  if (again instanceof HTMLElement) again.click();
}

/** Mark the rows that still hold what was objected to, and no others. */
function marks() {
  const last = elements(document, "[data-transcript] > [data-message]").at(-1);
  const button = last?.querySelector("[data-objection-to]");
  for (const row of elements(document, "[data-parameter-panel] [data-param]")) {
    const objected =
      button instanceof HTMLElement &&
      row.dataset["param"] === button.dataset["objectionTo"] &&
      row.dataset["state"] !== "unset" &&
      (row.dataset["state"] === "null" ? "null" : row.dataset["json"]) === button.dataset["sent"];
    mark(row, objected);
  }
}

/** @param {HTMLElement} row @param {boolean} objected */
function mark(row, objected) {
  const said = row.querySelector("[data-objected]");
  if (!objected) return said?.remove();
  if (said) return;
  const note = document.createElement("p");
  note.className = "param__note param__note--bad";
  note.dataset["objected"] = "";
  const words = document.createElement("span");
  words.textContent = gettext("The provider objected to this in the last run.");
  note.append(icon("bad", "small"), words);
  part(row, "[data-param-notes]").after(note);
}
