// @ts-check
/**
 * When the upstream objects to a parameter: its row is marked while it still holds what was sent, and the error offers
 * to run again without it, or with the documented limit. Only the newest answer, whose settings the form may still hold.
 */
import { chooseColumn } from "./columns.js";
import { delegate, elements, part } from "./dom.js";
import { insert } from "./fragments.js";
import { gettext } from "./i18n.js";
import { icon } from "./icons.js";
import { changeParameter } from "./parameters.js";
import { get } from "./request.js";
import { columnOf } from "./transcripts.js";

export function start() {
  delegate("click", "[data-objection-to]", (button) => void runChanged(button));
  document.addEventListener("exchange:ended", () => void ask());
  for (const type of ["parameters:changed", "settings:loaded"]) document.addEventListener(type, marks);
  void ask();
}

/** Ask what the error of each column's newest answer is about, once. */
async function ask() {
  await Promise.all(elements(document, "[data-transcript]").map(askFor));
  marks();
}

/** @param {Element} transcript */
async function askFor(transcript) {
  const article = elements(transcript, "[data-message]").at(-1);
  const place = article?.dataset["state"] === "failed" ? article.querySelector("[data-objection]") : null;
  const url = place?.getAttribute("data-objection");
  if (!place || !url) return;
  place.removeAttribute("data-objection");
  const result = await get(url);
  // No answer, no offer: what went wrong stands there all the same.
  if (result.ok && place.isConnected) insert(place, result.html.trim(), "innerHTML");
}

/** The form gets the column's settings first, where there are several. @param {HTMLElement} button */
async function runChanged(button) {
  const column = columnOf(button);
  if (column && !(await chooseColumn(column))) return;
  changeParameter(button.dataset["objectionTo"] ?? "", button.dataset["instead"] ?? "");
  const again = button.closest("[data-when]")?.querySelector("[data-again]");
  again?.removeAttribute("data-wait");
  if (again instanceof HTMLElement) again.click();
}

/** Mark the rows that still hold what was objected to, and no others. */
function marks() {
  const edited = document.querySelector("section[data-column][data-chosen] [data-transcript]") ?? document;
  const last = elements(edited, "[data-message]").at(-1);
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
