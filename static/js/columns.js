// @ts-check
/**
 * Several columns beside each other. One of them is chosen: the head, the system prompt and the right side edit its
 * settings, which are fields of the composer's form. On a phone the chosen one is the one that is seen.
 */
import { delegate, elements, fresh } from "./dom.js";
import { insert } from "./fragments.js";
import { gettext } from "./i18n.js";
import { show } from "./panels.js";
import { readyToRun } from "./ready.js";
import { LIVE } from "./reply.js";
import { get, post } from "./request.js";
import { keepSettings } from "./settings.js";
import { toast } from "./toasts.js";
import { columnOf, replaceAll } from "./transcripts.js";

/** @type {ScrollIntoViewOptions} of the strip of tabs, which eight columns are too many for on a phone */
const NEAR = { block: "nearest", inline: "center" };
/** The last wish wins: who presses B and then C gets C. */
let wish = 0;

/** @param {ParentNode} root */
export function bind(root) {
  for (const compare of fresh(root, "[data-compare]")) {
    showStates();
    for (const tab of elements(compare, '[role="tab"][aria-selected="true"]')) tab.scrollIntoView(NEAR);
  }
}

export function start() {
  delegate("click", "[data-choose-column]", (button) => void chooseColumn(button.dataset["chooseColumn"] ?? ""));
  delegate("click", "[data-column-parameters]", (button) => void editParameters(button));
  document.addEventListener("tab:chosen", ({ target }) => {
    if (target instanceof HTMLElement) void chooseColumn(target.dataset["chooseColumn"] ?? "");
  });
  delegate("click", "[data-stop-column]", (button) => void stop(button));
  delegate("click", "[data-undo]", (button) => void undo(button.dataset["undo"] ?? ""));
  delegate("change", "[data-lead]", (input) => lead(/** @type {HTMLInputElement} */ (input)));
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.matches("[data-columns-form]")) return;
    event.preventDefault();
    void change(form);
  });
  document.addEventListener("settings:kept", (event) => {
    showLabels(/** @type {CustomEvent<{html: string}>} */ (event).detail.html);
  });
  for (const type of ["run:started", "exchange:ended", "fragment:added", "choice:picked"]) document.addEventListener(type, showStates);
}

/** The columns of the page, from left to right; none where there is only one. */
export function columns() {
  return elements(document, "section[data-column]");
}

/** The letter of the column whose settings the page shows; "" where there is only one. */
export function chosenLetter() {
  return columns().find((column) => "chosen" in column.dataset)?.dataset["letter"] ?? "";
}

/** @param {string} id */
function columnById(id) {
  return columns().find((column) => column.dataset["column"] === id);
}

// -- whose settings are edited -------------------------------------------------------------------------------------

/**
 * Edit the settings of this column; what is set in the other one is kept first.
 * @param {string} id
 * @returns {Promise<boolean>} whether it is the chosen one now
 */
export async function chooseColumn(id) {
  const column = columnById(id);
  const compare = column?.closest("[data-compare]");
  if (!column || !(compare instanceof HTMLElement)) return false;
  if ("chosen" in column.dataset) return true;
  const turn = (wish += 1);
  // On a phone the column is seen at once; its settings follow.
  mark(id);
  const before = chosenField()?.value ?? "";
  if (!(await readyToRun())) return mark(before), false;
  await keepSettings();
  const result = await get(`${compare.dataset["columnsUrl"]}${id}/`);
  if (turn !== wish) return false;
  if (!result.ok) {
    mark(before);
    toast(result.problem, "bad");
    return false;
  }
  loadSettings(result.html);
  return true;
}

/** @param {HTMLElement} button */
async function editParameters(button) {
  if (await chooseColumn(columnOf(button))) show("parameters");
}

function chosenField() {
  const form = document.getElementById("run-form");
  const field = form instanceof HTMLFormElement ? form.elements.namedItem("column") : null;
  return field instanceof HTMLInputElement ? field : null;
}

/** Say everywhere which column is the chosen one. @param {string} id */
function mark(id) {
  for (const column of columns()) column.toggleAttribute("data-chosen", column.dataset["column"] === id);
  for (const button of elements(document, "[data-choose-column][aria-pressed]")) {
    button.setAttribute("aria-pressed", String(button.dataset["chooseColumn"] === id));
  }
  for (const tab of elements(document, '[role="tab"][data-choose-column]')) {
    const chosen = tab.dataset["chooseColumn"] === id;
    tab.setAttribute("aria-selected", String(chosen));
    tab.tabIndex = chosen ? 0 : -1;
    if (chosen) tab.scrollIntoView(NEAR);
  }
}

/** Put a column's settings into the fields of the page. @param {string} html */
export function loadSettings(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const settings = template.content.querySelector("[data-column-settings]");
  const place = document.querySelector("[data-parameter-rows]");
  const form = document.getElementById("run-form");
  if (!(settings instanceof HTMLElement) || !place || !(form instanceof HTMLFormElement)) return;
  const { columnSettings = "", provider = "", model = "", parameters = "{}", name = "" } = settings.dataset;
  fill(form, "column", columnSettings);
  fill(form, "provider", provider);
  fill(form, "model", model);
  fill(form, "system", settings.textContent ?? "");
  fill(form, "parameters", parameters);
  insert(place, html, "innerHTML");
  document.dispatchEvent(new Event("settings:loaded"));
  for (const said of elements(document, "[data-chosen-name]")) said.textContent = name.trim();
  if (!chosenField()) return;
  const address = new URL(location.href);
  address.searchParams.set("column", columnSettings);
  history.replaceState(history.state, "", address);
}

/** @param {HTMLFormElement} form @param {string} name @param {string} value */
function fill(form, name, value) {
  const field = form.elements.namedItem(name);
  if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) field.value = value;
  if (field instanceof HTMLSelectElement) field.value = value;
}

/** The heads say what the columns run with now. @param {string} html */
function showLabels(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  for (const label of elements(template.content, "[data-column-label]")) {
    const shown = columnById(label.dataset["columnLabel"] ?? "")?.querySelector("[data-column-label]");
    if (!shown || shown.innerHTML === label.innerHTML) continue;
    const focused = shown.contains(document.activeElement) ? document.activeElement?.className : null;
    shown.replaceChildren(...label.childNodes);
    if (focused) [...shown.querySelectorAll("button")].find((button) => button.className === focused)?.focus();
  }
  const chosen = chosenField()?.value ?? "";
  const labels = elements(template.content, "[data-chosen-name]");
  const name = labels.find((each) => each.dataset["chosenName"] === chosen)?.textContent?.trim();
  for (const said of elements(document, "[data-compare] [data-chosen-name]")) if (name) said.textContent = name;
  const one = template.content.querySelector("[data-one-system]");
  const same = document.querySelector("[data-compare] [data-one-system]");
  if (one && same instanceof HTMLElement) same.hidden = one.hasAttribute("hidden");
}

// -- runs ----------------------------------------------------------------------------------------------------------

/** What can be done under each column follows from its last message. */
function showStates() {
  const all = columns();
  const last = new Map(all.map((column) => [column, lastMessage(column)]));
  const same = new Set([...last.values()].map((article) => article?.dataset["message"])).size === 1;
  for (const [column, article] of last) {
    const live = column.querySelector(LIVE) !== null;
    const answered = !live && article?.dataset["role"] === "assistant";
    reveal(column, "[data-stop-column]", live);
    reveal(column, "[data-lead-row]", answered);
    const switched = column.querySelector("[data-lead]");
    // One that was just pressed says what was wished until the server has answered.
    if (switched instanceof HTMLInputElement && !switched.hasAttribute("aria-busy")) switched.checked = same;
    showDot(column, live ? "live" : article?.dataset["state"] === "failed" ? "bad" : "");
  }
}

/** The message a column goes on from: of a row of choices the one that is used. @param {HTMLElement} column */
export function lastMessage(column) {
  const item = elements(column, "[data-transcript] > *").at(-1);
  const picked = item?.querySelector('[data-picked="true"]') ?? item?.querySelector("[data-message]");
  if (item?.matches("[data-message]")) return item;
  return picked instanceof HTMLElement ? picked : null;
}

/** @param {HTMLElement} column @param {string} selector @param {boolean} shown */
function reveal(column, selector, shown) {
  const element = column.querySelector(selector);
  if (element instanceof HTMLElement) element.hidden = !shown;
}

/** On a phone the tab says how its column is. @param {HTMLElement} column @param {"live" | "bad" | ""} state */
function showDot(column, state) {
  const dot = document.querySelector(`#column-tab-${column.dataset["column"]} [data-column-dot]`);
  if (!(dot instanceof HTMLElement)) return;
  dot.hidden = state === "";
  dot.className = `dot dot--${state}`;
}

/** @param {HTMLElement} button */
async function stop(button) {
  const column = button.closest("section[data-column]");
  if (!column) return;
  button.setAttribute("aria-busy", "true");
  const problem = await stopIn(column);
  button.removeAttribute("aria-busy");
  if (problem) toast(problem, "bad");
}

/** @param {Element} column @returns {Promise<string>} what went wrong, "" for nothing */
async function stopIn(column) {
  const live = new Set([...column.querySelectorAll(LIVE)].map((article) => article.getAttribute("data-exchange")));
  const results = await Promise.all([...live].map((exchange) => post(`/exchanges/${exchange}/stop/`)));
  return results.find((result) => !result.ok)?.problem ?? "";
}

/** @type {Promise<unknown>} one at a time: what was pressed last is what stays */
let lastLead = Promise.resolve();

/** @param {HTMLInputElement} input */
function lead(input) {
  input.setAttribute("aria-busy", "true");
  lastLead = lastLead.then(() => leadNow(input)).catch(reportError);
}

/** Let all columns go on from this one's answer, or each from its own again. @param {HTMLInputElement} input */
async function leadNow(input) {
  const column = input.closest("section[data-column]");
  const compare = input.closest("[data-compare]");
  if (!(column instanceof HTMLElement) || !(compare instanceof HTMLElement)) return;
  const leads = input.checked;
  const message = lastMessage(column)?.dataset["message"] ?? "";
  const fields = new URLSearchParams(leads ? { message } : { apart: "1" });
  const result = await post(`${compare.dataset["columnsUrl"]}lead/`, fields);
  // Pressed again meanwhile: the next turn asks for that.
  if (leads === input.checked) input.removeAttribute("aria-busy");
  if (!result.ok) {
    showStates();
    return toast(result.problem, "bad");
  }
  replaceAll(result.html);
  showStates();
  if (leads) toast(gettext("All columns go on from this answer. Their own answers stay as alternatives."));
  else if (input.checked) toast(gettext("No column has another answer of its own yet."));
}

// -- making and ordering -------------------------------------------------------------------------------------------

/** What changes the columns themselves loads the page anew, once what is set is kept. @param {HTMLFormElement} form */
async function change(form) {
  if (!(await readyToRun())) return;
  await keepSettings();
  const column = form.closest("section[data-column]");
  if ("columnRemove" in form.dataset && column) await stopIn(column);
  form.submit();
}

/** Take back what changed the columns. @param {string} url */
async function undo(url) {
  if (!(await readyToRun())) return;
  await keepSettings();
  const result = await post(url);
  if (!result.ok) return toast(result.problem, "bad");
  location.assign(JSON.parse(result.html).go);
}
