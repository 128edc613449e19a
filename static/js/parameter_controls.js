// @ts-check
/**
 * What a control shows ⇄ JSON source text. A number is kept as it was typed, so `0.70` stays `0.70`; blank controls read
 * as "" and are not sent. Nothing is judged here: the server says what is wrong, with the same words as at first.
 */

import { itemsOf, membersOf } from "./json_members.js";

/** @typedef {HTMLInputElement | HTMLTextAreaElement} Field */

/** @typedef {object} Control
 * @property {(row: HTMLElement) => string} read JSON source text, "" when blank
 * @property {(row: HTMLElement, json: string) => void} write show a JSON source text, "" for blank
 */

const BREAKS = new Map([
  ["\\n", "\n"],
  ["\\r", "\r"],
  ["\\t", "\t"],
]);

/** @type {Control} */
const number = {
  read: (row) => fieldOf(row).value.trim(),
  write(row, json) {
    fieldOf(row).value = json;
    showOnSlider(row, json);
  },
};

/** @type {Control} */
const json = {
  read: (row) => fieldOf(row).value.trim(),
  write(row, text) {
    fieldOf(row).value = text;
  },
};

/** @type {Control} */
const boolean = {
  read: (row) => radiosOf(row).find((radio) => radio.checked)?.value ?? "",
  write(row, text) {
    for (const radio of radiosOf(row)) radio.checked = radio.value === text;
  },
};

/** @type {Control} */
const text = {
  read: (row) => quoted(fieldOf(row).value),
  write(row, source) {
    fieldOf(row).value = source === "" ? "" : String(JSON.parse(source));
  },
};

/** A choice may be an object where the API takes one: then it begins with a brace. @type {Control} */
const select = {
  read(row) {
    const typed = fieldOf(row).value.trim();
    return typed.startsWith("{") && types(row).includes("object") ? typed : quoted(typed);
  },
  write(row, source) {
    const asText = source.startsWith('"');
    fieldOf(row).value = asText ? String(JSON.parse(source)) : source;
  },
};

/** Texts; what stands in the field and was not added yet counts too. @type {Control} */
const list = {
  read(row) {
    const items = [...row.querySelectorAll(":scope [data-token-json]")].map((token) => token.getAttribute("data-token-json") ?? "");
    const pending = tokenOf(fieldOf(row).value);
    if (pending) items.push(pending);
    const [only] = items;
    if (only === undefined) return "";
    return items.length === 1 && !types(row).includes("array") ? only : `[${items.join(", ")}]`;
  },
  write(row, source) {
    for (const token of row.querySelectorAll(":scope [data-token-json]")) token.remove();
    fieldOf(row).value = "";
    if (source === "") return;
    for (const item of itemsOf(source) ?? [source]) addToken(row, item);
  },
};

/** Keys with texts, or with numbers as they were typed; a pair without key or without number is not there yet. @type {Control} */
const pairs = {
  read(row) {
    const plain = row.querySelector("[data-param-pairs]")?.hasAttribute("data-plain");
    const members = [...row.querySelectorAll(":scope [data-pair]")].flatMap((pair) => {
      const key = partOf(pair, "[data-pair-key]").value;
      const typed = partOf(pair, "[data-pair-value]").value;
      const value = plain ? JSON.stringify(typed) : typed.trim();
      return key === "" || value === "" ? [] : [`${JSON.stringify(key)}: ${value}`];
    });
    return members.length === 0 ? "" : `{${members.join(", ")}}`;
  },
  write(row, source) {
    for (const pair of row.querySelectorAll(":scope [data-pair]")) pair.remove();
    for (const [key, member] of membersOf(source) ?? []) {
      const pair = addPair(row);
      partOf(pair, "[data-pair-key]").value = key;
      partOf(pair, "[data-pair-value]").value = member.startsWith('"') ? String(JSON.parse(member)) : member;
    }
  },
};

/** @type {Record<string, Control>} */
const CONTROLS = { slider: number, number, integer: number, boolean, text, select, list, pairs, json };

/** @param {HTMLElement} row */
export function readControl(row) {
  return control(row).read(row);
}

/** @param {HTMLElement} row @param {string} source */
export function writeControl(row, source) {
  control(row).write(row, source);
}

/** Take the slider's place over into the number beside it. @param {HTMLElement} row @param {HTMLInputElement} slider */
export function takeSlider(row, slider) {
  fieldOf(row).value = slider.value;
}

/** @param {HTMLElement} row @param {string} typed */
export function showOnSlider(row, typed) {
  const slider = row.querySelector("[data-param-slider]");
  const value = Number(typed);
  if (slider instanceof HTMLInputElement && typed !== "" && Number.isFinite(value)) slider.value = String(value);
}

/** Make an entry of what stands in the field of a list; false when nothing does. @param {HTMLElement} row */
export function addPending(row) {
  const field = fieldOf(row);
  const source = tokenOf(field.value);
  if (!source) return false;
  addToken(row, source);
  field.value = "";
  return true;
}

/** @param {HTMLElement} row @returns {Element} the new pair, blank */
export function addPair(row) {
  const pair = stamp(row, "[data-pair-blank]");
  row.querySelector("[data-pair-add]")?.before(pair);
  return pair;
}

/** The field that carries the parameter's name. @param {HTMLElement} row @returns {Field} */
export function fieldOf(row) {
  const field = row.querySelector("[data-param-input]");
  if (field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement) return field;
  throw new Error(`${row.dataset["param"]} has no field`);
}

/** Everything one can type into or choose in a row, its switch and buttons apart. @param {HTMLElement} row */
export function inputsOf(row) {
  return row.querySelectorAll("[data-param-input], [data-param-slider], [data-pair-key], [data-pair-value]");
}

/** @param {HTMLElement} row @returns {Control} */
function control(row) {
  const found = CONTROLS[row.dataset["control"] ?? ""];
  if (!found) throw new Error(`unknown control ${row.dataset["control"]}`);
  return found;
}

/** @param {HTMLElement} row */
function types(row) {
  return (row.dataset["types"] ?? "").split(" ");
}

/** @param {HTMLElement} row */
function radiosOf(row) {
  return [...row.querySelectorAll('input[type="radio"]')].filter((radio) => radio instanceof HTMLInputElement);
}

/** @param {Element} pair @param {string} selector @returns {HTMLInputElement} */
function partOf(pair, selector) {
  const part = pair.querySelector(selector);
  if (part instanceof HTMLInputElement) return part;
  throw new Error(`a pair has no ${selector}`);
}

/** @param {string} typed */
function quoted(typed) {
  return typed === "" ? "" : JSON.stringify(typed);
}

/**
 * What is typed into a list as JSON: `\n`, `\t` and `\r` are what they are in JSON, text in double quotes is JSON already.
 * @param {string} typed
 */
function tokenOf(typed) {
  if (typed === "") return "";
  if (/^"(?:[^"\\]|\\.)*"$/.test(typed)) {
    try {
      return JSON.stringify(JSON.parse(typed));
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error; // an unknown escape: take the quotes as part of the text
    }
  }
  return JSON.stringify(typed.replace(/\\[nrt]/g, (escape) => BREAKS.get(escape) ?? escape));
}

/** @param {HTMLElement} row @param {string} source */
function addToken(row, source) {
  const token = stamp(row, "template[data-token]");
  token.setAttribute("data-token-json", source);
  const shown = token.querySelector("bdi");
  if (shown) shown.textContent = source;
  const button = token.querySelector("[data-token-remove]");
  button?.setAttribute("aria-label", `${(button.getAttribute("aria-label") ?? "").trim()} ${source}`);
  row.querySelector("template[data-token]")?.before(token);
}

/** @param {HTMLElement} row @param {string} selector @returns {Element} */
function stamp(row, selector) {
  const template = row.querySelector(selector);
  const made = template instanceof HTMLTemplateElement ? template.content.firstElementChild?.cloneNode(true) : null;
  if (made instanceof Element) return made;
  throw new Error(`${row.dataset["param"]} has no ${selector}`);
}
