// @ts-check
/** The dialog "Structured output": the row `response_format` as a form. The row's source text is the one truth, as for tools. */
import { delegate, elements, make, part } from "../dom.js";
import { DraftStore } from "../drafts.js";
import { gettext } from "../i18n.js";
import { icon } from "../icons.js";
import { atMargin, laidOut, memberMap, objectText, valueOf } from "../json_text.js";
import { guardRuns } from "../ready.js";
import { toast } from "../toasts.js";
import { parameterSource, writeParameter } from "../tools/rows.js";
import { bindCode } from "./code.js";
import { SchemaField } from "./schema_field.js";
import { schemaTemplates } from "./templates.js";

const ROW = "response_format";
const NAME = /^[a-zA-Z0-9_-]{1,64}$/;

/** @import { SchemaTemplate } from "./templates.js" */
/** @typedef {"" | "text" | "json_object" | "json_schema"} Type */

export function start() {
  const dialog = document.querySelector("[data-format-editor]");
  if (!(dialog instanceof HTMLDialogElement)) return;
  const editor = new FormatEditor(dialog);
  delegate("click", '[data-dialog-open="#format-editor"]', () => editor.open());
  guardRuns(async () => editor.mayRun());
}

class FormatEditor {
  #dialog;
  #field;
  #drafts = new DraftStore(`format:${location.pathname}`);
  /** @type {Map<string, string>} the members of json_schema as source texts, the schema apart */
  #members = new Map();
  #schema = "";
  /** @type {Type} */
  #type = "";
  /** The row's text as this dialog last wrote or read it. */
  #row = "";

  /** @param {HTMLDialogElement} dialog */
  constructor(dialog) {
    this.#dialog = dialog;
    this.#field = new SchemaField(part(dialog, "[data-schema-field]"), { label: gettext("JSON Schema"), edited: (text) => this.#edited(text) });
    const templates = /** @type {HTMLSelectElement} */ (part(dialog, "[data-schema-template]"));
    for (const { id, label } of schemaTemplates()) templates.append(make("option", { value: id }, label));
    part(dialog, "[data-format-starts-list]").append(...schemaTemplates().map(startRow));
    dialog.addEventListener("click", (event) => this.#click(event));
    dialog.addEventListener("change", (event) => this.#change(event));
    dialog.addEventListener("input", (event) => this.#input(event));
    bindCode(dialog, () => ({ schema: this.#schema, name: nameOf(this.#members) }));
    const { text } = this.#drafts.read();
    if (!text) return;
    this.#read();
    this.#schema = text;
  }

  open() {
    if (parameterSource(ROW) !== this.#row || this.#row === "") this.#read();
    this.#show();
  }

  #read() {
    const unsent = this.#isSendable ? null : this.#schema;
    this.#row = parameterSource(ROW);
    const members = memberMap(this.#row);
    this.#type = /** @type {Type} */ (textOf(members.get("type")));
    this.#members = memberMap(members.get("json_schema") ?? "{}");
    this.#schema = unsent ?? atMargin(this.#members.get("schema") ?? "");
  }

  get #isSendable() {
    return this.#type !== "json_schema" || this.#schema.trim() === "" || valueOf(this.#schema) !== undefined;
  }

  mayRun() {
    if (this.#isSendable) return true;
    toast(gettext("The schema of the answer is not valid JSON."), "bad", {
      label: gettext("Open it"),
      run: () => {
        this.#dialog.showModal();
        this.#show();
      },
    });
    return false;
  }

  // -- what people do ----------------------------------------------------------------------------------------------------

  /** @param {string} text */
  #edited(text) {
    this.#schema = text;
    this.#write();
  }

  /** @param {Event} event */
  #click(event) {
    const start = event.target instanceof Element ? event.target.closest("[data-format-start]") : null;
    if (!(start instanceof HTMLElement)) return;
    this.#begin(start.dataset["formatStart"] ?? "");
    part(this.#dialog, '[data-format-field="name"]').focus();
  }

  /** @param {Event} event */
  #input(event) {
    const field = event.target;
    if (!(field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement)) return;
    const name = field.dataset["formatField"];
    if (!name) return;
    if (field.value) this.#members.set(name, JSON.stringify(field.value));
    else this.#members.delete(name);
    this.#nameNote();
    this.#write();
  }

  /** @param {Event} event */
  #change(event) {
    const field = event.target;
    if (field instanceof HTMLInputElement && field.matches("[data-format-type]")) return this.#become(/** @type {Type} */ (field.value));
    if (!(field instanceof HTMLSelectElement)) return;
    if (field.matches("[data-schema-template]")) this.#begin(field.value);
    else if (field.dataset["formatField"] === "strict") {
      if (field.value) this.#members.set("strict", field.value);
      else this.#members.delete("strict");
      this.#field.setStrict(field.value === "true");
      this.#write();
    }
  }

  /** @param {Type} type */
  #become(type) {
    this.#type = type;
    if (type === "json_schema" && !this.#schema.trim()) return this.#begin("extraction");
    this.#write();
    this.#show();
  }

  /** @param {string} id */
  #begin(id) {
    const template = schemaTemplates().find((each) => each.id === id);
    if (!template) return;
    const isNew = !this.#schema.trim();
    this.#type = "json_schema";
    this.#members.set("name", JSON.stringify(template.name));
    if (!this.#members.has("strict")) this.#members.set("strict", "true");
    const text = JSON.stringify(template.schema, null, 2);
    if (isNew) this.#schema = text;
    this.#show();
    if (!isNew) this.#field.write(text); // typed over, so that it can be taken back
    this.#write();
  }

  #write() {
    if (!this.#isSendable) {
      this.#drafts.write({ text: this.#schema, run: "", sent: "" });
      return;
    }
    this.#drafts.write({ text: "", run: "", sent: "" });
    this.#row = this.#written();
    writeParameter(ROW, this.#row);
  }

  #written() {
    if (this.#type === "") return "";
    const outer = this.#row ? memberMap(this.#row) : new Map();
    outer.set("type", JSON.stringify(this.#type));
    outer.delete("json_schema");
    if (this.#type !== "json_schema") return objectText(outer);
    if (this.#schema.trim()) this.#members.set("schema", this.#schema.trim());
    else this.#members.delete("schema");
    outer.set("json_schema", objectText(this.#members));
    return laidOut(objectText(outer));
  }

  // -- what is shown -----------------------------------------------------------------------------------------------------

  #show() {
    const problem = part(this.#dialog, "[data-format-problem]");
    const odd = this.#row !== "" && valueOf(this.#row) === undefined;
    problem.hidden = !odd;
    for (const radio of elements(this.#dialog, "[data-format-type]")) {
      const input = /** @type {HTMLInputElement} */ (radio);
      input.checked = input.value === this.#type;
    }
    for (const note of elements(this.#dialog, "[data-format-note]")) note.hidden = note.dataset["formatNote"] !== this.#type;
    const isSchema = this.#type === "json_schema";
    part(this.#dialog, "[data-format-schema]").hidden = !isSchema;
    part(this.#dialog, "[data-format-starts]").hidden = isSchema;
    part(this.#dialog, "[data-schema-templates]").hidden = !isSchema;
    for (const name of ["name", "description", "strict"]) {
      const field = /** @type {HTMLInputElement} */ (part(this.#dialog, `[data-format-field="${name}"]`));
      const source = this.#members.get(name);
      field.value = name === "strict" ? (source ?? "") : textOf(source);
    }
    /** @type {HTMLSelectElement} */ (part(this.#dialog, "[data-schema-template]")).value = "";
    this.#nameNote();
    if (this.#type === "json_schema") this.#field.show(this.#schema, this.#members.get("strict") === "true");
  }

  #nameNote() {
    const note = part(this.#dialog, "[data-format-name-note]");
    const name = nameOf(this.#members);
    note.textContent = name ? gettext("Documented: letters, digits, _ and -, at most 64. Sent as typed.") : gettext("A schema needs a name.");
    note.hidden = NAME.test(name);
  }
}

/** A template as a row that is pressed: its name, and the members that it asks for. @param {SchemaTemplate} template */
function startRow({ id, label, schema }) {
  const button = make("button", { type: "button", class: "try", "data-format-start": id }, make("span", {}, label));
  const arrow = icon("right");
  arrow.classList.add("icon--way");
  button.append(make("span", { class: "try__sets" }, Object.keys(schema.properties).join(", ")), arrow);
  return make("li", {}, button);
}

/** @param {string | undefined} source */
function textOf(source) {
  const value = source === undefined ? undefined : valueOf(source);
  return typeof value === "string" ? value : "";
}

/** @param {Map<string, string>} members */
function nameOf(members) {
  return textOf(members.get("name"));
}
