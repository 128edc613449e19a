// @ts-check
/** Tools from what is pasted: the server reads it (nothing is run or fetched) and answers with source texts. */
import { elements, make, part } from "../dom.js";
import { gettext } from "../i18n.js";
import { post } from "../request.js";

/** @typedef {{tools: string[], operations: {id: string, name: string, summary: string}[], problem: string}} Read */

export class ToolImport {
  #form;
  #take;
  /** The document whose operations are listed. */
  #listed = "";

  /** @param {HTMLElement} form @param {(sources: string[]) => void} take */
  constructor(form, take) {
    this.#form = /** @type {HTMLFormElement} */ (form);
    this.#take = take;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#read();
    });
    form.addEventListener("change", (event) => {
      if (event.target instanceof HTMLInputElement && event.target.name === "kind") this.#kind(event.target.value);
    });
    form.addEventListener("input", (event) => {
      if (event.target instanceof HTMLInputElement && event.target.matches("[data-operation-search]")) this.#find(event.target.value);
    });
  }

  /** @param {string} kind */
  #kind(kind) {
    for (const help of elements(this.#form, "[data-import-help]")) help.hidden = help.dataset["importHelp"] !== kind;
    this.#list([]);
    this.#say("");
  }

  get #text() {
    return /** @type {HTMLTextAreaElement} */ (part(this.#form, 'textarea[name="text"]')).value;
  }

  async #read() {
    const body = new FormData(this.#form);
    const chosen = elements(this.#form, "[data-operation]:checked").map((box) => /** @type {HTMLInputElement} */ (box).value);
    const again = body.get("kind") === "openapi" && this.#listed === this.#text && this.#listed !== "";
    if (again && !chosen.length) return this.#say(gettext("Choose at least one operation."));
    if (again) body.set("chosen", JSON.stringify(chosen));
    const button = part(this.#form, 'button[type="submit"]');
    button.setAttribute("aria-busy", "true");
    const result = await post(this.#form.dataset["importForm"] ?? "", body);
    button.removeAttribute("aria-busy");
    if (!result.ok) return this.#say(result.problem);
    /** @type {Read} */
    const read = JSON.parse(result.html);
    this.#say(read.problem);
    if (read.problem) return;
    if (read.operations.length) return this.#list(read.operations);
    this.#take(read.tools);
    this.#form.reset();
    this.#kind("json");
  }

  /** @param {string} sentence */
  #say(sentence) {
    const place = part(this.#form, "[data-import-problem]");
    place.textContent = sentence;
    place.hidden = sentence === "";
  }

  /** @param {Read["operations"]} operations */
  #list(operations) {
    const box = part(this.#form, "[data-import-operations]");
    box.hidden = operations.length === 0;
    this.#listed = operations.length ? this.#text : "";
    part(box, "[data-operation-list]").replaceChildren(
      ...operations.map(({ id, name, summary }) => {
        const input = make("input", { type: "checkbox", value: id, autocomplete: "off", "data-operation": "" });
        const words = make("span", {}, make("code", {}, name), summary ? ` · ${summary}` : "");
        return make("label", { class: "check", "data-words": `${id} ${name} ${summary}`.toLowerCase() }, input, id, words);
      }),
    );
  }

  /** @param {string} typed */
  #find(typed) {
    const wanted = typed.trim().toLowerCase();
    for (const label of elements(this.#form, "[data-operation-list] > label")) {
      label.hidden = !(label.dataset["words"] ?? "").includes(wanted);
    }
  }
}
