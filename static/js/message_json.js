// @ts-check
/** A message as JSON, in a dialog: everything can be said there, and what is no JSON stays until it is mended. */
import { NOTHING_SAID, run, sentenceOf } from "./branches.js";
import { debounced, delegate, fresh, part } from "./dom.js";
import { DraftStore } from "./drafts.js";
import { gettext, interpolate } from "./i18n.js";
import { saveBeside, addUrl } from "./message_edit.js";
import { get, post } from "./request.js";
import { toast } from "./toasts.js";
import { addMessages } from "./transcripts.js";

/** @typedef {import("./body/editor.js").BodyEditor} BodyEditor */
/** @typedef {import("./body/editor.js").Fault} Fault */

const READ_MS = 200;
const BEGIN = '{\n  "role": "user",\n  "content": ""\n}';

/** @type {MessageJson | null} */
let current = null;

/** @param {ParentNode} root */
export function bind(root) {
  for (const dialog of fresh(root, "dialog[data-message-json]")) {
    current = new MessageJson(/** @type {HTMLDialogElement} */ (dialog));
  }
}

export function start() {
  delegate("click", "[data-write-json]", () => void current?.write());
  delegate("click", "[data-edit-json]", (button) => {
    const article = button.closest("[data-message]");
    if (article instanceof HTMLElement) void editAsJson(article);
  });
}

/** @param {HTMLElement} article */
export async function editAsJson(article) {
  await current?.edit(article);
}

class MessageJson {
  #dialog;
  #base;
  /** @type {BodyEditor | null} */
  #editor = null;
  /** @type {HTMLElement | null} the message beside which it is said; null: at the end */
  #article = null;
  /** @type {Fault | null} */
  #fault = null;
  #drafts = new DraftStore("");

  /** @param {HTMLDialogElement} dialog */
  constructor(dialog) {
    this.#dialog = dialog;
    this.#base = dialog.dataset["messageJson"] ?? "";
    part(dialog, "[data-json-save]").addEventListener("click", (event) => void this.#save(button(event)));
    part(dialog, "[data-json-run]").addEventListener("click", (event) => void this.#run(button(event)));
    part(dialog, "[data-json-fault]").addEventListener("click", () => this.#fault && this.#editor?.goTo(this.#fault));
    dialog.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      part(dialog, "[data-json-run]").click();
    });
  }

  /** Write a new message at the end. */
  async write() {
    await this.#open(null, BEGIN);
  }

  /** @param {HTMLElement} article */
  async edit(article) {
    const result = await get(`${this.#base}${article.dataset["message"]}/raw/`);
    if (!result.ok) return toast(result.problem, "bad");
    await this.#open(article, JSON.parse(result.html).text);
  }

  /** @param {HTMLElement | null} article @param {string} text */
  async #open(article, text) {
    this.#article = article;
    this.#drafts = new DraftStore(`${this.#base}${article?.dataset["message"] ?? "new"}/json`);
    if (!(await this.#load())) return;
    this.#editor?.show(this.#drafts.read().text || text, "");
    this.#say(null);
    part(this.#dialog, "[data-json-title]").textContent = article ? gettext("Edit as JSON") : gettext("Write as JSON");
    part(this.#dialog, "[data-json-save]").textContent = article ? gettext("Save") : gettext("Add");
    this.#dialog.showModal();
    this.#editor?.focus();
    this.#read();
  }

  async #load() {
    try {
      const { BodyEditor } = await import("./body/editor.js");
      this.#editor ??= new BodyEditor(part(this.#dialog, "[data-json-host]"), {
        label: gettext("Message as JSON"),
        phrases: {},
        words: () => Promise.resolve([]),
        edited: () => {
          this.#keep();
          this.#read();
        },
      });
    } catch (error) {
      // The bundle did not come: the network, or a page older than the server.
      console.warn("The editor could not be loaded.", error);
      toast(gettext("The editor could not be loaded. Try again, or reload the page."), "bad");
    }
    return this.#editor;
  }

  #keep() {
    this.#drafts.write({ text: this.#editor?.text ?? "", run: "", sent: "" });
  }

  #read = debounced(READ_MS, () => void this.#readNow());

  async #readNow() {
    const text = this.#editor?.text ?? "";
    const result = await post(`${this.#base}reading/`, new URLSearchParams({ raw: text }));
    if (!result.ok || text !== this.#editor?.text) return;
    const fault = /** @type {Fault | null} */ (JSON.parse(result.html).error);
    this.#editor?.mark([], fault);
    this.#say(fault);
  }

  /** @param {Fault | null} fault */
  #say(fault) {
    this.#fault = fault;
    const place = part(this.#dialog, "[data-json-fault]");
    place.hidden = !fault;
    const where = fault?.line ? `${interpolate(gettext("Line %(line)s"), { line: fault.line })}: ` : "";
    place.textContent = fault ? where + fault.text : "";
  }

  #fields() {
    return { ...NOTHING_SAID, raw: this.#editor?.text ?? "", beside: this.#article?.dataset["message"] ?? "" };
  }

  /** @param {HTMLElement} pressed */
  async #save(pressed) {
    if (this.#article) {
      if (await saveBeside(this.#article, this.#fields())) this.#done();
      return;
    }
    const form = document.querySelector("form[data-composer]");
    const column = form instanceof HTMLFormElement ? String(new FormData(form).get("column") ?? "") : "";
    pressed.setAttribute("aria-busy", "true");
    const body = new URLSearchParams({ ...this.#fields(), ...(column ? { column } : {}) });
    const result = await post(addUrl(), body);
    pressed.removeAttribute("aria-busy");
    if (!result.ok) return this.#refused(result.html, result.problem);
    document.querySelector("[data-first]")?.remove();
    addMessages(result.html);
    document.dispatchEvent(new Event("message:added"));
    this.#done();
  }

  /** @param {HTMLElement} pressed */
  async #run(pressed) {
    const at = this.#article?.dataset["message"] ?? "";
    if (await run(this.#article ?? pressed, at, this.#fields())) this.#done();
  }

  /** @param {string} html @param {string} problem */
  #refused(html, problem) {
    this.#say({ text: sentenceOf(html) || problem, line: 0, column: 0 });
  }

  #done() {
    this.#drafts.write({ text: "", run: "", sent: "" });
    this.#dialog.close();
  }
}

/** @param {Event} event */
function button(event) {
  return /** @type {HTMLElement} */ (event.currentTarget);
}
