// @ts-check
/**
 * "Edit as JSON": the body that would be sent as a text, and the form following it. What cannot be read stays as it was
 * typed, in this tab's drafts too, and leaves the form alone; no run starts while the two disagree.
 */
import { debounced, fresh, part } from "../dom.js";
import { DraftStore } from "../drafts.js";
import { insert } from "../fragments.js";
import { gettext, interpolate } from "../i18n.js";
import { BRANCH_CHANGES } from "../live.js";
import { setParameters, showsParameters } from "../parameters.js";
import { guardRuns } from "../ready.js";
import { get, post } from "../request.js";
import { toast } from "../toasts.js";

/** @typedef {import("./editor.js").BodyEditor} BodyEditor */
/** @typedef {import("./editor.js").Fault} Fault */
/** @typedef {import("./editor.js").Note} Note */
/** @typedef {{error: Fault | null, api: string, text: string, summary: string, notes: Note[]}} Shown */
/** @typedef {{error: Fault | null, model: string, parameters: [string, string][], controls: Record<string, string>, notes: Note[]}} Reading */

const READ_MS = 250;
const FOLLOW_MS = 150;

/** @param {ParentNode} root */
export function bind(root) {
  for (const section of fresh(root, "[data-request]")) {
    const form = document.querySelector("form[data-composer]");
    if (form instanceof HTMLFormElement) new BodySwitch(section, form);
  }
}

class BodySwitch {
  #section;
  #form;
  #base;
  #drafts;
  /** @type {BodyEditor | null} */
  #editor = null;
  /** @type {Fault | null} why the text is not what the form says */
  #fault = null;
  /** Whether somebody edited and the form has not followed yet. */
  #ahead = false;
  /** The page itself changes the form just now. */
  #writing = false;
  /** @type {Promise<void>} */
  #reading = Promise.resolve();
  #turn = 0;
  /** @type {Map<string, Promise<import("./words.js").Member[]>>} */
  #words = new Map();
  #api = "";

  /** @param {HTMLElement} section @param {HTMLFormElement} form */
  constructor(section, form) {
    this.#section = section;
    this.#form = form;
    this.#base = (form.dataset["runUrl"] ?? "").replace(/runs\/$/, "");
    this.#drafts = new DraftStore(`${form.dataset["runUrl"]}body`);
    section.addEventListener("click", (event) => this.#click(event));
    for (const type of ["input", "change", "parameters:changed", ...BRANCH_CHANGES]) {
      document.addEventListener(type, (event) => this.#formChanged(event));
    }
    guardRuns(() => this.#ready());
    if (this.#drafts.read().text) void this.#open();
  }

  /** @param {Event} event */
  #click(event) {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (button?.dataset["requestShow"] === "json") void this.#open(true);
    else if (button?.dataset["requestShow"] === "preview") this.#choose("preview");
    else if (button && "bodyDiscard" in button.dataset) this.#discard();
    else if (button && "bodyFault" in button.dataset && this.#fault) this.#editor?.goTo(this.#fault);
  }

  /** @param {"preview" | "json"} name */
  #choose(name) {
    for (const button of this.#section.querySelectorAll("[data-request-show]")) {
      button.setAttribute("aria-pressed", String(button.getAttribute("data-request-show") === name));
    }
    part(this.#section, "[data-preview]").hidden = name !== "preview";
    part(this.#section, "[data-body]").hidden = name !== "json";
  }

  // -- form → text -------------------------------------------------------------------------------------------------

  async #open(focus = false) {
    this.#choose("json");
    if (!this.#editor) {
      const editor = await this.#load();
      if (!editor) return this.#choose("preview");
      await this.#show();
      const draft = this.#drafts.read().text;
      if (draft) {
        editor.show(draft, "");
        this.#edited();
      }
    }
    if (focus) this.#editor?.focus();
  }

  async #load() {
    try {
      const { BodyEditor } = await import("./editor.js");
      this.#editor ??= new BodyEditor(part(this.#section, "[data-body-host]"), {
        label: gettext("Body as JSON"),
        phrases: {
          Messages: gettext("Messages are written in the conversation"),
          "Use $": gettext("Use $"),
          Completions: gettext("Suggestions"),
          Diagnostics: gettext("Remarks"),
          "No diagnostics": gettext("No remarks"),
          "folded code": gettext("folded"),
          "Fold line": gettext("Fold"),
          "Unfold line": gettext("Unfold"),
          close: gettext("Close"),
        },
        words: () => this.#offered(),
        edited: () => this.#edited(),
      });
    } catch (error) {
      // The bundle did not come: the network, or a page older than the server.
      console.warn("The editor could not be loaded.", error);
      toast(gettext("The editor could not be loaded. Try again, or reload the page."), "bad");
    }
    return this.#editor;
  }

  /** @param {Event} event */
  #formChanged(event) {
    const field = event.target;
    const own = field instanceof Element && "form" in field && field.form === this.#form;
    const kept = !["input", "change"].includes(event.type);
    if (!this.#editor || this.#writing || !(own || kept)) return;
    this.#follow();
  }

  #follow = debounced(FOLLOW_MS, () => void this.#show());

  /** Show what the form says, unless somebody is ahead of it in the editor. */
  async #show() {
    if (this.#ahead || !this.#editor) return;
    const turn = (this.#turn += 1);
    const shown = /** @type {Shown | null} */ (await this.#ask("body/"));
    if (!shown || turn !== this.#turn || this.#ahead) return;
    if (shown.error) return this.#say(shown.error);
    this.#api = shown.api;
    this.#editor.show(shown.text, shown.summary);
    this.#editor.mark(shown.notes, null);
    this.#say(null);
  }

  // -- text → form -------------------------------------------------------------------------------------------------

  #edited() {
    this.#ahead = true;
    this.#turn += 1;
    this.#keep();
    this.#read();
  }

  #keep() {
    this.#drafts.write({ text: this.#ahead ? (this.#editor?.text ?? "") : "", run: "", sent: "" });
  }

  #read = debounced(READ_MS, () => void (this.#reading = this.#readNow()));

  async #readNow() {
    const editor = this.#editor;
    if (!editor) return;
    const turn = (this.#turn += 1);
    const text = editor.text;
    const reading = /** @type {Reading | null} */ (await this.#ask("body/reading/", { body: text }));
    if (!reading || turn !== this.#turn) return;
    editor.mark(reading.notes ?? [], reading.error);
    this.#say(reading.error);
    if (reading.error) return;
    await this.#write(reading);
    if (turn !== this.#turn) return;
    this.#ahead = false;
    this.#keep();
  }

  /** @param {Reading} reading */
  async #write({ model, parameters, controls }) {
    this.#writing = true;
    try {
      const field = this.#form.elements.namedItem("model");
      if (field instanceof HTMLInputElement && field.value !== model) {
        field.value = model;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      }
      setParameters(parameters);
      if (!showsParameters(controls)) await this.#otherControls();
    } finally {
      this.#writing = false;
    }
  }

  /** Some values need another control than their rows have: the server makes the rows anew. */
  async #otherControls() {
    const fields = new FormData(this.#form);
    fields.set("shown", String(fields.get("provider") ?? ""));
    const result = await post(`${this.#base}parameters/`, fields);
    const place = document.querySelector("[data-parameter-rows]");
    if (result.ok && place) insert(place, result.html, "innerHTML");
    else if (!result.aborted) toast(result.problem, "bad");
  }

  /** Give up what could not be read, for what the form says. */
  #discard() {
    this.#ahead = false;
    this.#keep();
    this.#say(null);
    void this.#show();
    this.#editor?.focus();
  }

  // -- both --------------------------------------------------------------------------------------------------------

  /** Whether a run may start: the form has taken in what was edited. */
  async #ready() {
    if (!this.#ahead) return true;
    this.#read.now();
    await this.#reading;
    if (!this.#ahead) return true;
    this.#choose("json");
    toast(gettext("The body as JSON cannot be read. Correct it, or take the form’s, and send again."), "bad");
    this.#editor?.focus();
    return false;
  }

  /** @param {Fault | null} fault */
  #say(fault) {
    this.#fault = fault;
    const place = part(this.#section, "[data-body-problem]");
    place.hidden = !fault;
    this.#section.querySelector('[data-request-show="json"]')?.toggleAttribute("data-bad", fault !== null);
    const where = fault?.line ? `${interpolate(gettext("Line %(line)s"), { line: fault.line })}: ` : "";
    const text = part(place, "[data-body-fault]");
    const said = fault ? where + fault.text : "";
    if (text.textContent !== said) text.textContent = said;
  }

  /** @param {string} path @param {Record<string, string>} [more] @returns {Promise<unknown>} null when no answer came */
  async #ask(path, more = {}) {
    const fields = new FormData(this.#form);
    for (const [name, value] of Object.entries(more)) fields.set(name, value);
    const result = await post(`${this.#base}${path}`, fields);
    if (result.ok) return JSON.parse(result.html);
    this.#say({ text: result.problem, line: 0, column: 0 });
    return null;
  }

  /** What the catalog knows of the API, asked for once. */
  #offered() {
    const api = this.#api;
    const known = this.#words.get(api);
    if (known) return known;
    const asked = get(`/body/${api}/`).then((result) => {
      if (result.ok) return JSON.parse(result.html).members;
      this.#words.delete(api);
      return [];
    });
    this.#words.set(api, asked);
    return asked;
  }
}
