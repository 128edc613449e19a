// @ts-check
/**
 * Presets: a dialog that lists, applies, saves and looks back at them; "/" in an empty composer opens it (slash.js). What
 * is applied goes into the column whose settings the page shows.
 */
import { chosenLetter, loadSettings } from "./columns.js";
import { ask } from "./dialog.js";
import { delegate, elements, part } from "./dom.js";
import { insert } from "./fragments.js";
import { gettext, interpolate } from "./i18n.js";
import { namesIn } from "./preset_text.js";
import { readyToRun } from "./ready.js";
import { get, post } from "./request.js";
import { keepSettings } from "./settings.js";
import { toast } from "./toasts.js";
import { sentenceOf } from "./tools/sentence.js";

/** @import { Result } from "./request.js" */

/** Typed since "/" opened the list; given back to the composer where nothing was chosen. */
let slashed = false;

export function start() {
  // Who may only look has none.
  if (!document.querySelector("dialog#presets")) return;
  delegate("click", '[data-dialog-open="#presets"]', () => void list());
  delegate("click", "[data-presets-back]", () => void list());
  delegate("click", "[data-preset-use]", (button) => void use(presetOf(button)));
  delegate("click", "[data-preset-new]", () => void openForm(dialog().dataset["presetsNew"] ?? ""));
  delegate("click", "[data-preset-open]", (button) => void openForm(button.dataset["presetOpen"] ?? ""));
  delegate("click", "[data-preset-pin]", (button) => void pin(button));
  delegate("click", "[data-preset-revert]", (button) => void change(button.dataset["presetRevert"] ?? ""));
  delegate("click", "[data-preset-delete]", (button) => void remove(button));
  delegate("change", "form[data-preset-change]", (form) => void rename(/** @type {HTMLFormElement} */ (form)));
  delegate("submit", "form[data-preset-change]", (_form, event) => event.preventDefault());
  delegate("submit", "form[data-preset-form]", (form, event) => {
    event.preventDefault();
    void save(/** @type {HTMLFormElement} */ (form));
  });
  delegate("submit", "form[data-preset-values]", (form, event) => {
    event.preventDefault();
    void apply(form.dataset["presetValues"] ?? "", new FormData(/** @type {HTMLFormElement} */ (form)));
  });
  delegate("input", "form[data-preset-form] [name=system], form[data-preset-form] [name=message]", showVariables);
  delegate("change", "[data-field=kind]", (field) => showChoices(field));
  delegate("input", "[data-presets-search]", filter);
  delegate("keydown", "[data-presets-search], [data-preset-use]", (element, event) => key(element, event));
  document.querySelector("#presets")?.addEventListener("close", closed);
}

function dialog() {
  const found = part(document, "dialog#presets");
  if (found instanceof HTMLDialogElement) return found;
  throw new Error("the presets are no dialog");
}

function runForm() {
  const form = document.getElementById("run-form");
  if (form instanceof HTMLFormElement) return form;
  throw new Error("no #run-form");
}

/** @param {Element} element */
function presetOf(element) {
  const row = element.closest("[data-preset]");
  return row instanceof HTMLElement ? (row.dataset["preset"] ?? "") : "";
}

// -- panes -------------------------------------------------------------------------------------------------------------

/** @param {string} html @param {boolean} isList */
function pane(html, isList) {
  insert(part(dialog(), "[data-presets-pane]"), html, "innerHTML");
  part(dialog(), "[data-presets-back]").hidden = isList;
  const first = dialog().querySelector("[data-presets-pane] :is(input, select, textarea)");
  if (first instanceof HTMLElement) first.focus();
  for (const variable of elements(dialog(), "[data-preset-variable]")) nameFields(variable, variable.dataset["presetVariable"] ?? "");
}

/** @param {Result} result @param {boolean} isList */
function shown(result, isList) {
  if (result.ok) pane(result.html, isList);
  else problem(result);
  return result.ok;
}

/** Said where the person is, in the dialog if there is a place. @param {Result} result */
function problem(result) {
  const said = result.status === 422 ? sentenceOf(result.html) : result.problem;
  const place = dialog().open ? dialog().querySelector("[data-preset-problem]") : null;
  if (!(place instanceof HTMLElement)) return toast(said, "bad");
  place.textContent = said;
  place.hidden = false;
  place.scrollIntoView({ block: "nearest" });
}

async function list() {
  shown(await get(dialog().dataset["presets"] ?? ""), true);
}

/** @param {string} url */
async function openForm(url) {
  if (!shown(await get(url), false)) return;
  const form = dialog().querySelector("form[data-preset-form]");
  if (!(form instanceof HTMLFormElement)) return;
  const system = form.elements.namedItem("system");
  const message = form.elements.namedItem("message");
  const page = new FormData(runForm());
  // A version with variables keeps its own text: the page shows what became of it.
  if (system instanceof HTMLTextAreaElement && !("kept" in system.dataset)) system.value = String(page.get("system") ?? "");
  if (message instanceof HTMLTextAreaElement && !message.value) message.value = String(page.get("message") ?? "");
  showVariables();
}

/** @param {string} url @param {URLSearchParams | FormData} [body] */
async function change(url, body) {
  return shown(await post(url, body), false);
}

/** @param {HTMLFormElement} form */
async function rename(form) {
  const result = await post(form.dataset["presetChange"] ?? "", new FormData(form));
  if (result.ok) toast(gettext("The preset is saved."), "good");
  else problem(result);
}

/** @param {HTMLElement} button */
async function pin(button) {
  const preset = presetOf(button);
  const pinned = button.getAttribute("aria-pressed") !== "true";
  const result = await post(button.dataset["presetPin"] ?? "", new URLSearchParams(pinned ? { pinned: "1" } : { no: "1" }));
  if (!shown(result, true)) return;
  const again = dialog().querySelector(`[data-preset="${preset}"] [data-preset-pin]`);
  if (again instanceof HTMLElement) again.focus();
}

/** @param {HTMLElement} button */
async function remove(button) {
  if (!(await ask({ text: gettext("Delete this preset with all its versions?"), yes: gettext("Delete") }))) return;
  shown(await post(button.dataset["presetDelete"] ?? ""), true);
}

/** @param {HTMLFormElement} form */
async function save(form) {
  // What a dialog of the page holds back belongs to the settings too.
  if (!(await readyToRun())) return;
  const page = new FormData(runForm());
  const fields = new FormData(form);
  for (const name of ["provider", "model", "parameters"]) fields.set(name, String(page.get(name) ?? ""));
  const result = await post(form.dataset["presetForm"] ?? "", fields);
  if (!result.ok) return problem(result);
  pane(result.html, form.elements.namedItem("name") !== null);
  toast(gettext("The preset is saved."), "good");
}

// -- variables ---------------------------------------------------------------------------------------------------------

/** A row for each variable of the texts; what was set for one stays while its name is there. */
function showVariables() {
  const form = dialog().querySelector("form[data-preset-form]");
  if (!(form instanceof HTMLFormElement)) return;
  const place = part(form, "[data-preset-variables]");
  const rows = new Map(elements(place, "[data-preset-variable]").map((row) => [row.dataset["presetVariable"], row]));
  const data = new FormData(form);
  const names = namesIn(`${data.get("system") ?? ""}\n${data.get("message") ?? ""}`);
  place.replaceChildren(...names.map((name) => rows.get(name) ?? newRow(form, name)));
}

/** @param {HTMLFormElement} form @param {string} name */
function newRow(form, name) {
  const template = form.querySelector("template[data-preset-variable-row]");
  if (!(template instanceof HTMLTemplateElement)) throw new Error("no row of a variable");
  const row = part(/** @type {ParentNode} */ (template.content.cloneNode(true)), "[data-preset-variable]");
  row.dataset["presetVariable"] = name;
  part(row, "[data-variable-name]").textContent = name;
  nameFields(row, name);
  return row;
}

/** @param {HTMLElement} row @param {string} name */
function nameFields(row, name) {
  for (const field of elements(row, "[data-field]")) field.setAttribute("name", `${field.dataset["field"]}:${name}`);
}

/** @param {HTMLElement} kind */
function showChoices(kind) {
  const row = kind.closest("[data-preset-variable]");
  if (row && kind instanceof HTMLSelectElement) part(row, "[data-variable-choices]").hidden = kind.value !== "choice";
}

// -- applying ----------------------------------------------------------------------------------------------------------

/** @param {string} preset */
async function use(preset) {
  const result = await get(applyUrl(preset));
  if (result.status === 204) return apply(preset, new FormData());
  if (shown(result, false)) return;
}

/** @param {string} preset */
function applyUrl(preset) {
  return `${dialog().dataset["presetsConversation"]}presets/${preset}/`;
}

/** @param {string} preset @param {FormData} values */
async function apply(preset, values) {
  if (await putInto(applyUrl(preset), values)) {
    slashed = false;
    dialog().close();
    const message = runForm().elements.namedItem("message");
    if (message instanceof HTMLElement) message.focus();
  }
}

/** Give the shown column what an exchange was sent with. @param {string} exchange */
export async function takeSettings(exchange) {
  const url = `${dialog().dataset["presetsConversation"]}settings/from/${exchange}/`;
  if (!(await putInto(url, new FormData()))) return;
  const letter = chosenLetter();
  const sentence = letter
    ? interpolate(gettext("Column %(letter)s has the settings of this answer now."), { letter })
    : gettext("The settings of this answer are taken over.");
  toast(sentence, "good");
}

/** @param {string} url @param {FormData} fields */
async function putInto(url, fields) {
  if (!(await readyToRun())) return false;
  await keepSettings();
  const column = runForm().elements.namedItem("column");
  if (column instanceof HTMLInputElement) fields.set("column", column.value);
  const result = await post(url, fields);
  if (!result.ok) {
    problem(result);
    return false;
  }
  const template = document.createElement("template");
  template.innerHTML = result.html;
  const applied = part(template.content, "[data-applied]");
  loadSettings(result.html);
  const labels = template.content.querySelector("template[data-applied-labels]");
  if (labels) document.dispatchEvent(new CustomEvent("settings:kept", { detail: { html: labels.innerHTML } }));
  if (applied.textContent) compose(applied.textContent);
  if (applied.dataset["said"]) toast(applied.dataset["said"]);
  return true;
}

/** Put a text into the composer, after what is there. @param {string} text */
function compose(text) {
  const field = runForm().elements.namedItem("message");
  if (!(field instanceof HTMLTextAreaElement)) return;
  field.value = field.value ? `${field.value}\n\n${text}` : text;
  field.setSelectionRange(field.value.length, field.value.length);
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

// -- keys --------------------------------------------------------------------------------------------------------------

/** "/" opened the dialog; whoever closed it meanwhile meant the character. */
export function showAfterSlash() {
  slashed = true;
  if (dialog().open) void list();
  else closed();
}

/** Who meant the character and no preset has it, with what they typed after it. */
function closed() {
  if (!slashed) return;
  slashed = false;
  const search = dialog().querySelector("[data-presets-search]");
  compose(`/${search instanceof HTMLInputElement ? search.value : ""}`);
}

/** @returns {HTMLElement[]} */
function uses() {
  return elements(dialog(), "[data-preset]:not([hidden]) [data-preset-use]");
}

function filter() {
  const search = dialog().querySelector("[data-presets-search]");
  const wanted = search instanceof HTMLInputElement ? search.value.trim().toLowerCase() : "";
  for (const row of elements(dialog(), "[data-preset]")) {
    row.hidden = !(row.querySelector(".preset__name")?.textContent ?? "").toLowerCase().includes(wanted);
  }
  const nothing = dialog().querySelector("[data-presets-nothing]");
  if (nothing instanceof HTMLElement) nothing.hidden = uses().length > 0;
}

/** Arrows lead from the search through the list; Enter takes the first one found. @param {HTMLElement} element @param {KeyboardEvent} event */
function key(element, event) {
  if (event.isComposing) return;
  if (event.key === "Escape" && slashed) {
    // A search field would empty itself first.
    event.preventDefault();
    return dialog().close();
  }
  const all = uses();
  const at = all.indexOf(element);
  if (event.key === "Enter" && at < 0) {
    event.preventDefault();
    all[0]?.click();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    const next = at + (event.key === "ArrowDown" ? 1 : -1);
    if (next < 0) part(dialog(), "[data-presets-search]").focus();
    else all[Math.min(next, all.length - 1)]?.focus();
  }
}
