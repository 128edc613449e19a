// @ts-check
/**
 * The dialog "Tools". The row's source text is the one truth: the list is read from it when the dialog opens, and every
 * change is written to it at once. What cannot be sent yet (a schema that is no JSON) stays here, in this tab's drafts too,
 * and no run starts until it is mended or taken away.
 */
import { delegate, elements, make, part } from "../dom.js";
import { DraftStore } from "../drafts.js";
import { gettext, interpolate } from "../i18n.js";
import { icon } from "../icons.js";
import { sameJson } from "../json_text.js";
import { guardRuns } from "../ready.js";
import { SchemaField } from "../structured/schema_field.js";
import { toast } from "../toasts.js";
import { choiceName, showChoice, showParallel, takeChoice, takeParallel } from "./choice.js";
import { entriesOf, Entry, rowSource } from "./entry.js";
import { ToolImport } from "./importing.js";
import { documents, parameterSource, writeParameter } from "./rows.js";

/** @typedef {import("./entry.js").Kind} Kind */
/** @typedef {{kind: Kind, row: string, at: number, unsent: {source: string, fields: import("./entry.js").Fields, place: number}[]}} Kept */

const MOST = 128;
const NAME = /^[a-zA-Z0-9_-]{1,64}$/;

export function start() {
  const dialog = document.querySelector("[data-tools-editor]");
  if (!(dialog instanceof HTMLDialogElement)) return;
  const editor = new ToolsEditor(dialog);
  delegate("click", '[data-dialog-open="#tools-editor"]', (button) => editor.open(button.dataset["toolsKind"]));
  guardRuns(async () => editor.mayRun());
}

class ToolsEditor {
  #dialog;
  #field;
  #drafts = new DraftStore(`tools:${location.pathname}`);
  /** @type {Kind} */
  #kind = "tools";
  /** @type {Entry[]} */
  #entries = [];
  #at = -1;
  /** The row's text as this dialog last wrote or read it. */
  #row = "";

  /** @param {HTMLDialogElement} dialog */
  constructor(dialog) {
    this.#dialog = dialog;
    const label = gettext("Parameters (JSON Schema)");
    this.#field = new SchemaField(part(dialog, "[data-schema-field]"), { label, edited: (schema) => this.#typed({ schema }) });
    new ToolImport(part(dialog, "[data-import-form]"), (sources) => this.#add(sources.map((source) => this.#adopted(source))));
    dialog.addEventListener("click", (event) => this.#click(event));
    dialog.addEventListener("input", (event) => this.#input(event));
    dialog.addEventListener("change", (event) => this.#change(event));
    this.#restore();
  }

  // -- opening -----------------------------------------------------------------------------------------------------------

  /** @param {string | undefined} [kind] */
  open(kind) {
    if (kind === "tools" || kind === "functions") this.#kind = kind;
    if (!documents("functions")) this.#kind = "tools";
    part(this.#dialog, "[data-tools-kinds]").hidden = !documents("functions");
    this.#read();
    this.#show();
    if (!this.#entries.length) this.#openImport(false);
  }

  #read() {
    const row = parameterSource(this.#kind);
    if (row === this.#row && this.#entries.length) return;
    const unsent = this.#entries.filter((entry) => !entry.isSendable);
    const entries = entriesOf(this.#kind, row);
    const problem = part(this.#dialog, "[data-tools-problem]");
    problem.hidden = entries !== null;
    problem.textContent = entries ? "" : gettext("The row holds something that is no list of tools. Mend it there, or add a tool to begin anew.");
    this.#entries = entries ?? [];
    for (const entry of unsent) this.#put(entry, this.#entries.length);
    this.#row = row;
    this.#at = this.#entries.length ? Math.min(Math.max(this.#at, 0), this.#entries.length - 1) : -1;
  }

  /** What could not be sent is here again after a reload. */
  #restore() {
    const { text } = this.#drafts.read();
    if (!text) return;
    /** @type {Kept} */
    const kept = JSON.parse(text);
    this.#kind = kept.kind;
    this.#row = parameterSource(kept.kind);
    this.#entries = entriesOf(kept.kind, this.#row) ?? [];
    for (const { source, fields, place } of kept.unsent) {
      const entry = new Entry(kept.kind, source);
      entry.change(fields);
      this.#put(entry, place);
    }
    this.#at = kept.at;
  }

  /** Let a tool take the place of what is sent for it; where that is gone, its own place. @param {Entry} entry @param {number} place */
  #put(entry, place) {
    const same = entry.source ? this.#entries.findIndex((each) => sameJson(each.source, entry.source)) : -1;
    this.#entries.splice(same === -1 ? Math.min(place, this.#entries.length) : same, same === -1 ? 0 : 1, entry);
  }

  #keep() {
    const unsent = this.#entries.flatMap((entry, place) =>
      entry.isSendable ? [] : [{ source: entry.source, fields: entry.fields, place }],
    );
    /** @type {Kept} */
    const kept = { kind: this.#kind, row: this.#row, at: this.#at, unsent };
    this.#drafts.write({ text: unsent.length ? JSON.stringify(kept) : "", run: "", sent: "" });
  }

  mayRun() {
    const unsent = this.#entries.find((entry) => !entry.isSendable);
    if (!unsent) return true;
    const sentence = interpolate(gettext("The schema of the tool %(name)s is not valid JSON."), { name: unsent.name || "…" });
    toast(sentence, "bad", {
      label: gettext("Open it"),
      run: () => {
        this.#at = this.#entries.indexOf(unsent);
        this.#dialog.showModal();
        this.#show();
      },
    });
    return false;
  }

  // -- what people do ----------------------------------------------------------------------------------------------------

  /** @param {Event} event */
  #click(event) {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (!button) return;
    const { dataset } = button;
    if ("toolAdd" in dataset) this.#add([new Entry(this.#kind, "")]);
    else if ("toolsImport" in dataset) this.#openImport(part(this.#dialog, "[data-import-form]").hidden === true);
    else if ("importCancel" in dataset) this.#cancelImport();
    else if (dataset["toolShow"] !== undefined) this.#choose(Number(dataset["toolShow"]));
    else if (dataset["toolDo"]) this.#act(dataset["toolDo"], Number(dataset["toolAt"]));
  }

  /** @param {string} what @param {number} at */
  #act(what, at) {
    const entry = this.#entries[at];
    if (!entry) return;
    if (what === "copy") {
      if (this.#isFull(1)) return;
      this.#entries.splice(at + 1, 0, entry.copy());
      this.#at = at + 1;
    } else if (what === "delete") {
      this.#entries.splice(at, 1);
      this.#at = Math.min(at, this.#entries.length - 1);
      toast(interpolate(gettext("%(name)s was taken away."), { name: entry.name || gettext("The tool") }), "plain", {
        label: gettext("Undo"),
        run: () => {
          this.#entries.splice(at, 0, entry);
          this.#at = at;
          this.#write();
          this.#show();
        },
      });
    } else {
      const to = what === "up" ? at - 1 : at + 1;
      if (to < 0 || to >= this.#entries.length) return;
      this.#entries.splice(at, 1);
      this.#entries.splice(to, 0, entry);
      this.#at = to;
    }
    this.#write();
    this.#show();
    const same = this.#dialog.querySelector(`[data-tool-do="${what}"][data-tool-at="${this.#at}"]:not(:disabled)`);
    if (same instanceof HTMLElement) same.focus();
  }

  /** @param {Event} event */
  #input(event) {
    const field = event.target;
    if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)) return;
    const name = field.dataset["toolField"];
    if (name === "name" || name === "description") this.#typed({ [name]: field.value });
  }

  /** @param {Event} event */
  #change(event) {
    const field = event.target;
    if (field instanceof HTMLInputElement && field.matches("[data-tools-kind]")) return this.#switch(/** @type {Kind} */ (field.value));
    if (!(field instanceof HTMLSelectElement)) return;
    if (field.matches("[data-tool-choice]")) takeChoice(field, this.#kind);
    else if (field.matches("[data-parallel]")) takeParallel(field);
    else if (field.dataset["toolField"] === "strict") {
      this.#typed({ strict: /** @type {"" | "true" | "false"} */ (field.value) });
      this.#field.setStrict(field.value === "true");
    }
  }

  /** @param {Kind} kind */
  #switch(kind) {
    if (this.#entries.some((entry) => !entry.isSendable)) {
      this.mayRun();
      return this.#showKind();
    }
    this.#kind = kind;
    this.#entries = [];
    this.#row = "";
    this.#read();
    this.#show();
  }

  /** @param {Partial<import("./entry.js").Fields>} typed */
  #typed(typed) {
    const entry = this.#entries[this.#at];
    if (!entry) return;
    entry.change(typed);
    this.#write();
    this.#list();
    this.#nameNote(entry);
  }

  /** @param {Entry[]} entries */
  #add(entries) {
    if (this.#isFull(entries.length)) return;
    this.#at = this.#entries.length;
    this.#entries.push(...entries);
    this.#openImport(false);
    this.#write();
    this.#show();
    part(this.#dialog, '[data-tool-field="name"]').focus();
  }

  /** @param {number} more */
  #isFull(more) {
    if (this.#entries.length + more <= MOST) return false;
    toast(interpolate(gettext("There may be at most %(most)s tools."), { most: MOST }), "bad");
    return true;
  }

  /** An imported tool in the shape of this row. @param {string} source */
  #adopted(source) {
    const tool = new Entry("tools", source);
    if (this.#kind === "tools" || tool.other) return tool;
    const entry = new Entry("functions", "");
    entry.change({ ...tool.fields, strict: "" });
    return entry;
  }

  /** @param {number} at */
  #choose(at) {
    this.#at = at;
    this.#openImport(false);
    this.#show();
  }

  /** @param {boolean} open */
  #openImport(open) {
    part(this.#dialog, "[data-import-form]").hidden = !open;
    for (const button of elements(this.#dialog, "[data-tools-import]")) button.setAttribute("aria-expanded", String(open));
    part(this.#dialog, "[data-tool-form]").hidden = open || this.#at === -1;
    this.#showNone();
    if (open) part(this.#dialog, "[data-import-form] textarea").focus();
  }

  #cancelImport() {
    this.#openImport(false);
    elements(this.#dialog, "[data-tools-import]").find((button) => button.checkVisibility())?.focus();
  }

  #write() {
    this.#row = rowSource(this.#entries);
    writeParameter(this.#kind, this.#row);
    this.#keep();
    this.#choices();
  }

  // -- what is shown -----------------------------------------------------------------------------------------------------

  #show() {
    this.#showKind();
    this.#list();
    this.#choices();
    const entry = this.#entries[this.#at];
    const form = part(this.#dialog, "[data-tool-form]");
    form.hidden = !entry || !part(this.#dialog, "[data-import-form]").hidden;
    if (!entry) return;
    const { name, description, schema, strict } = entry.fields;
    const fields = { name, description, strict };
    for (const [key, value] of Object.entries(fields)) {
      const field = part(form, `[data-tool-field="${key}"]`);
      const box = field.closest("label");
      if (box) box.hidden = entry.other || (key === "strict" && this.#kind === "functions");
      if (/** @type {HTMLInputElement} */ (field).value !== value) /** @type {HTMLInputElement} */ (field).value = value;
    }
    this.#nameNote(entry);
    this.#field.show(schema, strict === "true");
  }

  #showKind() {
    for (const radio of elements(this.#dialog, "[data-tools-kind]")) {
      const input = /** @type {HTMLInputElement} */ (radio);
      input.checked = input.value === this.#kind;
    }
  }

  #choices() {
    part(this.#dialog, "[data-choice-label]").textContent = choiceName(this.#kind);
    const names = this.#entries.map((entry) => entry.name).filter((name) => name !== "");
    showChoice(/** @type {HTMLSelectElement} */ (part(this.#dialog, "[data-tool-choice]")), this.#kind, names);
    showParallel(/** @type {HTMLSelectElement} */ (part(this.#dialog, "[data-parallel]")));
    part(this.#dialog, "[data-parallel-box]").hidden = this.#kind === "functions" || !documents("parallel_tool_calls");
  }

  #list() {
    const list = part(this.#dialog, "[data-tools-list]");
    const count = this.#entries.length;
    part(this.#dialog, "[data-tools-count]").textContent = `${count} / ${MOST}`;
    list.replaceChildren(...this.#entries.map((entry, at) => this.#item(entry, at)));
    this.#showNone();
  }

  /** Without tools the ways to the first one stand in the middle, and nowhere else. */
  #showNone() {
    const isNone = this.#entries.length === 0 && part(this.#dialog, "[data-import-form]").hidden;
    part(this.#dialog, "[data-tools-none]").hidden = !isNone;
    part(this.#dialog, "[data-tools-acts]").hidden = isNone;
  }

  /** @param {Entry} entry @param {number} at */
  #item(entry, at) {
    const name = entry.name || gettext("Without a name");
    const show = make("button", { type: "button", class: "toolset__name", "data-tool-show": String(at) }, name);
    if (at === this.#at) show.setAttribute("aria-current", "true");
    const item = make("li", { class: "toolset__item" }, show);
    if (!entry.isSendable) item.append(make("span", { class: "badge badge--bad" }, gettext("not sent")));
    const acts = make("span", { class: "toolset__do" });
    acts.append(
      this.#button("up", at, "up", interpolate(gettext("Move %(name)s up"), { name }), at === 0),
      this.#button("down", at, "down", interpolate(gettext("Move %(name)s down"), { name }), at === this.#entries.length - 1),
      this.#button("copy", at, "copy", interpolate(gettext("Duplicate %(name)s"), { name }), false),
      this.#button("delete", at, "trash", interpolate(gettext("Delete %(name)s"), { name }), false),
    );
    item.append(acts);
    return item;
  }

  /** @param {string} what @param {number} at @param {string} look @param {string} label @param {boolean} disabled */
  #button(what, at, look, label, disabled) {
    const attributes = { type: "button", class: "iconbtn iconbtn--small", "data-tool-do": what, "data-tool-at": String(at) };
    const button = make("button", { ...attributes, "aria-label": label, title: label }, icon(look === "up" ? "down" : look, "small"));
    if (look === "up") button.classList.add("toolset__up");
    if (disabled) button.setAttribute("disabled", "");
    return button;
  }

  /** @param {Entry} entry */
  #nameNote(entry) {
    const note = part(this.#dialog, "[data-tool-name-note]");
    const { name } = entry.fields;
    const twice = this.#entries.filter((each) => each.name === name).length > 1;
    let text = "";
    if (name === "") text = gettext("A function needs a name.");
    else if (!NAME.test(name)) text = gettext("Documented: letters, digits, _ and -, at most 64. Sent as typed.");
    else if (twice) text = gettext("Another tool has this name.");
    note.textContent = text;
    note.hidden = entry.other || text === "";
  }
}
