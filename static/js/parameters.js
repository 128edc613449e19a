// @ts-check
/**
 * The parameters of a column: rows that are sent stand on top, in the order of the body. The hidden field
 * `[data-parameters]` follows every change as a JSON object name → JSON source text (the text of Extra under the empty
 * name), and `parameters:changed` bubbles from it.
 */
import { elements, fresh, part } from "./dom.js";
import { addPair, addPending, fieldOf, readControl, showOnSlider, takeSlider, writeControl } from "./parameter_controls.js";
import { membersOf, objectOf } from "./json_members.js";
import { lock, mayOnlyLook } from "./only_look.js";
import { mark, showNotes } from "./parameter_notes.js";

const EXTRA = "";

const STATES = { unset: "unset", null: "null", value: "value" };

/** @type {WeakMap<Element, ParameterPanel>} */
const panels = new WeakMap();

/** @param {ParentNode} root */
export function bind(root) {
  for (const panel of fresh(root, "[data-parameter-panel]")) new ParameterPanel(panel);
  for (const notes of fresh(root, "[data-preview-notes]")) showNotes(notes);
}

class ParameterPanel {
  #panel;
  /** @type {HTMLElement} */
  #sent;
  /** @type {Map<Element, boolean>} which groups were open before a search opened all of them */
  #open = new Map();

  /** @param {HTMLElement} panel */
  constructor(panel) {
    this.#panel = panel;
    this.#sent = part(panel, "[data-parameter-sent]");
    panel.addEventListener("input", (event) => this.#input(event));
    panel.addEventListener("change", (event) => this.#change(event));
    panel.addEventListener("click", (event) => this.#click(event));
    panel.addEventListener("keydown", (event) => this.#key(event));
    panel.addEventListener("focusout", (event) => this.#left(event));
    panels.set(panel, this);
    this.#changed();
    if (mayOnlyLook()) lock(panel);
  }

  // -- what people do ----------------------------------------------------------------------------------------------

  /** @param {Event} event */
  #input(event) {
    const field = event.target;
    if (!(field instanceof HTMLElement)) return;
    if (field.matches("[data-parameter-search]")) return this.#search(/** @type {HTMLInputElement} */ (field).value);
    const row = field.closest("[data-param]");
    if (!(row instanceof HTMLElement) || !field.matches("[data-param-input], [data-param-slider], [data-pair] *")) return;
    if (field.matches("[data-param-slider]")) takeSlider(row, /** @type {HTMLInputElement} */ (field));
    if (row.dataset["param"] !== EXTRA) {
      row.dataset["json"] = readControl(row);
      if (field.matches("[data-param-input]")) showOnSlider(row, row.dataset["json"]);
    }
    this.#changed();
  }

  /** @param {Event} event */
  #change(event) {
    const field = event.target;
    const row = field instanceof Element ? field.closest("[data-param]") : null;
    if (!(field instanceof HTMLInputElement) || !(row instanceof HTMLElement)) return;
    if (field.matches("[data-param-send]")) this.#state(row, field.checked ? STATES.value : STATES.unset);
  }

  /** @param {Event} event */
  #click(event) {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (!button) return;
    if (button.matches("[data-parameter-only]")) return this.#only(button);
    const row = button.closest("[data-param]");
    if (!(row instanceof HTMLElement)) return;
    const { dataset } = button;
    if ("paramHelp" in dataset) toggleHelp(row, button);
    else if ("locked" in this.#panel.dataset) return;
    else if ("paramNull" in dataset) this.#state(row, row.dataset["state"] === STATES.null ? STATES.value : STATES.null);
    else if ("paramValue" in dataset) this.#valueAgain(row);
    else if ("paramReset" in dataset) this.#reset(row);
    else if (dataset["paramFix"] !== undefined) this.#write(row, dataset["paramFix"]);
    else if ("tokenRemove" in dataset) this.#remove(row, button.closest("[data-token-json]"));
    else if ("pairRemove" in dataset) this.#remove(row, button.closest("[data-pair]"));
    else if ("pairAdd" in dataset) firstInput(addPair(row))?.focus();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const field = event.target;
    if (!(field instanceof HTMLInputElement) || event.isComposing) return;
    const row = field.closest("[data-param]");
    if (!(row instanceof HTMLElement) || row.dataset["control"] !== "list" || !field.matches("[data-param-input]")) return;
    if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      if (addPending(row)) this.#read(row);
    } else if (event.key === "Backspace" && field.value === "") {
      const last = [...row.querySelectorAll("[data-token-json]")].at(-1);
      if (last) this.#remove(row, last);
    }
  }

  /** What was typed into a list and not added is added when the field is left. @param {FocusEvent} event */
  #left(event) {
    const field = event.target;
    const row = field instanceof Element ? field.closest('[data-control="list"]') : null;
    if (row instanceof HTMLElement && field instanceof Element && field.matches("[data-param-input]")) addPending(row);
  }

  /** Set all rows anew; what has no row goes to Extra. @param {Map<string, string>} values name → JSON source text */
  set(values) {
    const rows = new Map(this.#rows().map((row) => [row.dataset["param"] ?? "", row]));
    for (const row of rows.values()) this.#put(row, STATES.unset);
    /** @type {[string, string][]} */
    const unknown = [];
    for (const [name, source] of values) {
      const row = rows.get(name);
      if (!row) unknown.push([name, source]);
      else if (source === "null") this.#put(row, STATES.null);
      else this.#show(row, source);
    }
    fieldOf(part(this.#panel, "[data-parameter-extra]")).value = objectOf(unknown);
    this.#changed();
  }

  /** Set one parameter, wherever it stands; "" switches it off. @param {string} name @param {string} source */
  change(name, source) {
    const row = this.#rows().find((each) => each.dataset["param"] === name);
    if (row && source) this.#show(row, source);
    else if (row) this.#put(row, STATES.unset);
    else this.#changeExtra(name, source);
    this.#changed();
  }

  /** What no value says: the search, and the names of what is switched on without a value. */
  get begun() {
    const blank = elements(this.#sent, ":scope > [data-blank]").map((row) => row.dataset["param"] ?? "");
    return { search: this.#searchField.value, blank: new Set(blank) };
  }

  /** @param {ParameterPanel["begun"]} begun */
  goOn({ search, blank }) {
    for (const row of this.#rows()) {
      if (blank.has(row.dataset["param"] ?? "") && row.dataset["state"] === STATES.unset) this.#put(row, STATES.value);
    }
    this.#searchField.value = search;
    this.#search(search);
    this.#changed();
  }

  /** @param {string} name @param {string} source */
  #changeExtra(name, source) {
    const field = fieldOf(part(this.#panel, "[data-parameter-extra]"));
    const members = membersOf(field.value);
    if (!members) return;
    const others = members.filter(([each]) => each !== name);
    if (source) others.push([name, source]);
    field.value = objectOf(others);
  }

  // -- rows --------------------------------------------------------------------------------------------------------

  /** @param {HTMLElement} row @param {string} state */
  #state(row, state) {
    this.#put(row, state);
    if (state === STATES.value && row.dataset["control"] === "pairs" && !row.querySelector("[data-pair]")) addPair(row);
    this.#changed();
  }

  /** @param {HTMLElement} row */
  #valueAgain(row) {
    this.#state(row, STATES.value);
    firstInput(row)?.focus();
  }

  /** Back to how a new column has it. @param {HTMLElement} row */
  #reset(row) {
    const source = row.dataset["resetJson"] ?? "";
    writeControl(row, source);
    row.dataset["json"] = source;
    this.#state(row, row.dataset["resetState"] ?? STATES.unset);
  }

  /** @param {HTMLElement} row @param {string} source */
  #write(row, source) {
    this.#show(row, source);
    this.#changed();
    fieldOf(row).focus();
  }

  /** @param {HTMLElement} row @param {string} source */
  #show(row, source) {
    writeControl(row, source);
    row.dataset["json"] = source;
    this.#put(row, STATES.value);
  }

  /** @param {HTMLElement} row */
  #read(row) {
    row.dataset["json"] = readControl(row);
    this.#changed();
  }

  /** @param {HTMLElement} row @param {Element | null} entry */
  #remove(row, entry) {
    entry?.remove();
    this.#read(row);
    part(row, "input[data-param-input], [data-pair-add]").focus();
  }

  /** Give a row its state and its place: sent rows on top, in the order in which they were switched on. @param {HTMLElement} row @param {string} state */
  #put(row, state) {
    row.dataset["state"] = state;
    const send = row.querySelector("[data-param-send]");
    if (send instanceof HTMLInputElement) send.checked = state !== STATES.unset;
    row.querySelector("[data-param-null]")?.setAttribute("aria-pressed", String(state === STATES.null));
    if (state === STATES.unset) mark(row, "", []);
    const home = state === STATES.unset ? this.#home(row) : this.#sent;
    if (row.parentElement === home) return;
    const focused = row.contains(document.activeElement) ? document.activeElement : null;
    if (home === this.#sent) part(home, ".pgroup__none").before(row);
    else insertInOrder(home, row);
    this.#searchAgain();
    if (!(focused instanceof HTMLElement)) return;
    if (home instanceof HTMLDetailsElement) home.open = true;
    focused.focus({ preventScroll: true });
    row.scrollIntoView({ block: "nearest" });
  }

  /** @param {HTMLElement} row */
  #home(row) {
    return part(this.#panel, `[data-parameter-group="${CSS.escape(row.dataset["group"] ?? "")}"]`);
  }

  /** All rows with a parameter of their own, those that are sent first. */
  #rows() {
    return elements(this.#panel, "[data-param]").filter((row) => row.dataset["param"] !== EXTRA);
  }

  // -- what follows from it ----------------------------------------------------------------------------------------

  #changed() {
    /** @type {[string, string][]} */
    const values = [];
    for (const row of elements(this.#sent, ":scope > [data-param]")) {
      const source = row.dataset["state"] === STATES.null ? "null" : (row.dataset["json"] ?? "");
      row.toggleAttribute("data-blank", source === "");
      if (source !== "") values.push([row.dataset["param"] ?? "", source]);
    }
    const extra = this.#extra();
    this.#count(values.length + countMembers(extra));
    if (extra.trim() !== "") values.push([EXTRA, extra]);
    this.#publish(`{${values.map(([name, source]) => `${JSON.stringify(name)}:${JSON.stringify(source)}`).join(",")}}`);
  }

  #extra() {
    const row = this.#panel.querySelector("[data-parameter-extra]");
    if (!(row instanceof HTMLElement)) return "";
    const text = fieldOf(row).value;
    row.toggleAttribute("data-used", text.trim() !== "");
    const count = row.querySelector("[data-parameter-extra-count]");
    if (count) count.textContent = countMembers(text) ? String(countMembers(text)) : "";
    return text;
  }

  /** @param {number} sent */
  #count(sent) {
    for (const place of this.#panel.querySelectorAll("[data-parameter-count]")) place.textContent = String(sent);
    for (const group of elements(this.#panel, "[data-parameter-group]")) {
      const names = elements(group, ":scope > [data-param]").map((row) => row.dataset["param"] ?? "");
      part(group, "[data-parameter-left]").textContent = String(names.length);
      part(group, "[data-parameter-names]").textContent = names.join(", ");
    }
  }

  /** @param {string} json */
  #publish(json) {
    const field = document.querySelector("input[data-parameters]");
    if (!(field instanceof HTMLInputElement) || field.value === json) return;
    field.value = json;
    field.dispatchEvent(new CustomEvent("parameters:changed", { bubbles: true, detail: { parameters: json } }));
  }

  // -- finding -----------------------------------------------------------------------------------------------------

  /** @param {HTMLElement} chip */
  #only(chip) {
    const only = chip.getAttribute("aria-pressed") !== "true";
    chip.setAttribute("aria-pressed", String(only));
    this.#panel.toggleAttribute("data-only", only);
  }

  /** A row that moved is looked for where it is now. */
  #searchAgain() {
    if (this.#searchField.value) this.#search(this.#searchField.value);
  }

  get #searchField() {
    return /** @type {HTMLInputElement} */ (part(this.#panel, "[data-parameter-search]"));
  }

  /** @param {string} typed */
  #search(typed) {
    const wanted = typed.trim().toLowerCase();
    const groups = elements(this.#panel, "details[data-parameter-group]");
    if (wanted && this.#open.size === 0) {
      for (const group of groups) this.#open.set(group, group.hasAttribute("open"));
    }
    let found = 0;
    for (const row of this.#rows()) {
      const hit = wanted === "" || wordsOf(row).includes(wanted);
      row.hidden = !hit;
      found += Number(hit);
    }
    for (const group of groups) {
      const hits = elements(group, ":scope > [data-param]").some((row) => !row.hidden);
      group.hidden = wanted !== "" && !hits;
      group.toggleAttribute("open", wanted ? hits : (this.#open.get(group) ?? group.hasAttribute("open")));
    }
    if (!wanted) this.#open.clear();
    this.#sent.hidden = wanted !== "" && elements(this.#sent, ":scope > [data-param]").every((row) => row.hidden);
    part(this.#panel, "[data-parameter-nothing]").hidden = found > 0;
  }
}

/**
 * Set all parameters at once; those not named are switched off.
 * @param {Iterable<[string, string]>} parameters name → JSON source text
 */
export function setParameters(parameters) {
  const values = new Map(parameters);
  for (const panel of document.querySelectorAll("[data-parameter-panel]")) panels.get(panel)?.set(values);
}

/** Set one parameter; "" switches it off. @param {string} name @param {string} source JSON source text */
export function changeParameter(name, source) {
  for (const panel of document.querySelectorAll("[data-parameter-panel]")) panels.get(panel)?.change(name, source);
}

/**
 * Take down what the panel in `place` shows and no value says; the function returned gives it to the panel there then.
 * @param {ParentNode} place
 */
export function takeBegun(place) {
  const now = () => panels.get(part(place, "[data-parameter-panel]"));
  const begun = now()?.begun;
  return () => {
    if (begun) now()?.goOn(begun);
  };
}

/** Whether the rows have the controls that show their values whole. @param {Record<string, string>} controls by name */
export function showsParameters(controls) {
  return elements(document, "[data-parameter-sent] > [data-param]").every((row) => {
    const wanted = controls[row.dataset["param"] ?? ""];
    return wanted === undefined || wanted === row.dataset["control"];
  });
}

/** @param {HTMLElement} row @param {HTMLElement} button */
function toggleHelp(row, button) {
  const words = part(row, "[data-param-words]");
  words.hidden = !words.hidden;
  button.setAttribute("aria-expanded", String(!words.hidden));
}

/** @param {HTMLElement} row */
function wordsOf(row) {
  return `${row.dataset["param"]} ${part(row, "[data-param-words]").textContent}`.toLowerCase();
}

/** @param {HTMLElement} group @param {HTMLElement} row */
function insertInOrder(group, row) {
  const order = Number(row.dataset["order"]);
  const next = elements(group, ":scope > [data-param]").find((other) => Number(other.dataset["order"]) > order);
  if (next) next.before(row);
  else group.append(row);
}

/** How many parameters the text of Extra holds, 0 while it is no object. @param {string} text */
function countMembers(text) {
  return new Set(membersOf(text)?.map(([name]) => name)).size;
}

/** @param {Element} root */
function firstInput(root) {
  const input = root.querySelector("[data-param-input], [data-pair-key]");
  return input instanceof HTMLElement ? input : null;
}
