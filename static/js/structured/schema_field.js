// @ts-check
/**
 * A field for a JSON Schema: the editor, below it what is wrong with the schema, and a way to make it strict.
 * `[data-schema-editor]` is where the editor goes, `[data-schema-problems]` the list.
 */
import { make, part } from "../dom.js";
import { gettext, interpolate } from "../i18n.js";
import { icon } from "../icons.js";
import { laidOut, valueOf } from "../json_text.js";
import { madeStrict, pathText, problemsOf, strictProblems } from "./schema_check.js";

/** @typedef {import("./json_editor.js").JsonEditor} JsonEditor */
/** @typedef {import("./schema_check.js").Problem} Problem */

const SHOWN = 8;

export class SchemaField {
  #box;
  #problems;
  #edited;
  #text = "";
  #strict = false;
  /** @type {JsonEditor | null} */
  #editor = null;
  /** @type {Promise<void> | null} */
  #loading = null;

  /** @param {HTMLElement} box @param {{label: string, edited: (text: string) => void}} options */
  constructor(box, { label, edited }) {
    this.#box = box;
    this.#problems = part(box, "[data-schema-problems]");
    this.#edited = edited;
    this.label = label;
    box.addEventListener("click", (event) => this.#click(event));
  }

  get text() {
    return this.#text;
  }

  /** Whether the text can be sent. */
  get isJson() {
    return this.#text.trim() === "" || valueOf(this.#text) !== undefined;
  }

  /** @param {string} text @param {boolean} strict */
  show(text, strict) {
    this.#text = text;
    this.#strict = strict;
    void this.#load().then(() => {
      this.#editor?.open(this.#text);
      this.check();
    });
    this.check();
  }

  /** @param {boolean} strict */
  setStrict(strict) {
    this.#strict = strict;
    this.check();
  }

  /** Take a text in the place of what is there, as if it were typed. @param {string} text */
  write(text) {
    if (this.#editor) return this.#editor.replace(text);
    this.#text = text;
    this.#edited(text);
    this.check();
  }

  focus() {
    this.#editor?.focus();
  }

  #load() {
    this.#loading ??= import("../body/editor.js").then(({ JsonEditor }) => {
      this.#editor = new JsonEditor(part(this.#box, "[data-schema-editor]"), {
        label: this.label,
        edited: (text) => {
          this.#text = text;
          this.#edited(text);
          this.check();
        },
      });
    });
    return this.#loading;
  }

  check() {
    this.#problems.replaceChildren();
    if (this.#text.trim() === "") return this.#editor?.mark([]);
    const schema = valueOf(this.#text);
    if (schema === undefined) {
      const sentence = gettext("This is not valid JSON. It is kept here and not sent.");
      const line = this.#editor?.markBroken(sentence);
      const place = line ? `${interpolate(gettext("Line %(line)s"), { line })}: ` : "";
      this.#problems.append(entry("bad", place, sentence));
      return undefined;
    }
    const found = [...problemsOf(schema), ...(this.#strict ? strictProblems(schema) : [])];
    this.#editor?.mark(found);
    this.#list(found);
    return undefined;
  }

  /** @param {Problem[]} found */
  #list(found) {
    const entries = found.slice(0, SHOWN).map(({ path, level, text }) => entry(level, path.length ? `${pathText(path)}: ` : "", text));
    if (found.length > SHOWN) {
      entries.push(entry("warn", "", interpolate(gettext("and %(count)s more"), { count: found.length - SHOWN })));
    }
    if (!found.length) entries.push(entry("good", "", this.#strict ? gettext("A schema that strict mode takes") : gettext("A valid schema")));
    this.#problems.append(...entries);
    if (found.some(({ strict }) => strict)) {
      const look = { type: "button", class: "btn btn--small", "data-schema-strict": "" };
      this.#problems.append(make("li", {}, make("button", look, icon("check", "small"), gettext("Make it strict"))));
    }
  }

  /** @param {Event} event */
  #click(event) {
    const button = event.target instanceof Element ? event.target.closest("button") : null;
    if (button?.matches("[data-schema-strict]")) {
      this.write(JSON.stringify(madeStrict(valueOf(this.#text)), null, 2));
      this.focus();
    } else if (button?.matches("[data-schema-lay-out]")) this.write(laidOut(this.#text));
  }
}

/** @param {"good" | "warn" | "bad"} level @param {string} place @param {string} text */
function entry(level, place, text) {
  const icons = { good: "check", warn: "warn", bad: "bad" };
  const words = make("span", {}, ...(place ? [make("code", {}, place)] : []), text);
  return make("li", { class: `problem problem--${level}` }, icon(icons[level], "small"), words);
}
