// @ts-check
/** What the composer sends besides its text: attachments, role, name. It survives a reload as the text does. */
import { fresh, make, part } from "../dom.js";
import { DraftStore } from "../drafts.js";
import { gettext } from "../i18n.js";
import { chip } from "./chip.js";
import { takeFiles } from "./incoming.js";
import { Strip } from "./strip.js";

/** @typedef {{chips: import("./chip.js").Chip[], role: string, name: string, call: string}} Kept */

/** @type {WeakMap<HTMLFormElement, Compose>} */
const composers = new WeakMap();

/** @param {ParentNode} root */
export function bind(root) {
  for (const form of fresh(root, "form[data-composer]:has([data-attach])", "attach")) {
    const found = /** @type {HTMLFormElement} */ (form);
    composers.set(found, new Compose(found));
  }
  for (const notes of fresh(root, "template[data-message-notes]")) {
    const place = document.querySelector("form[data-composer] [data-attach-note]");
    if (place instanceof HTMLElement && notes instanceof HTMLTemplateElement) note(place, notes);
  }
}

/** Whether there is something to send besides the text. @param {HTMLFormElement} form */
export function hasParts(form) {
  return composers.get(form)?.hasParts ?? false;
}

/** Everything but the text, as one text: another one is another run. @param {HTMLFormElement} form */
export function partsKey(form) {
  return composers.get(form)?.key ?? "";
}

/** Whether all attachments are at the server; waits for those under way. @param {HTMLFormElement} form */
export async function partsReady(form) {
  return (await composers.get(form)?.ready()) ?? true;
}

/** The server has the message: nothing of it stays in the composer. @param {HTMLFormElement} form */
export function partsTaken(form) {
  composers.get(form)?.clear();
}

class Compose {
  #form;
  #strip;
  #drafts;
  #field;
  #restoring = true;

  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.#form = form;
    this.#field = /** @type {HTMLInputElement} */ (part(form, "[data-parts-field]"));
    this.#drafts = new DraftStore(`${form.dataset["runUrl"]}parts`);
    const { uploadUrl = "", addressUrl = "" } = part(form, "[data-attach]").dataset;
    const urls = { upload: uploadUrl, address: addressUrl };
    this.#strip = new Strip(part(form, "[data-attach-chips]"), urls, () => this.#changed());
    this.#listen();
    this.#restore();
    this.#restoring = false;
  }

  get hasParts() {
    return this.#field.value !== "";
  }

  get key() {
    const { role, name, call } = this.#words();
    const plain = role === "user" && !name && !call;
    return (this.#field.value || "") + (plain ? "" : JSON.stringify([role, name, call]));
  }

  ready() {
    return this.#strip.ready();
  }

  clear() {
    this.#strip.show([]);
    this.#set("role", "user");
    this.#set("name", "");
    this.#set("tool_call_id", "");
    this.#showWords();
    this.#keep();
  }

  #listen() {
    const form = this.#form;
    const files = /** @type {HTMLInputElement} */ (part(form, "[data-attach-files]"));
    part(form, "[data-attach-open]").addEventListener("click", () => files.click());
    files.addEventListener("change", () => {
      this.#strip.addFiles([...(files.files ?? [])]);
      files.value = "";
    });
    takeFiles(form, part(form, ".composer__box"), (dropped) => {
      this.#strip.addFiles(dropped);
      document.getElementById("message")?.focus();
    });
    this.#listenAddress();
    form.addEventListener("change", (event) => {
      if (event.target instanceof Element && event.target.matches("[data-role-select], [data-role-extra]")) {
        this.#showWords();
        this.#keep();
      }
    });
    part(form, "[data-name-open]").addEventListener("click", () => this.#openName());
  }

  #listenAddress() {
    const row = part(this.#form, "[data-attach-address]");
    const field = /** @type {HTMLInputElement} */ (part(row, "[data-attach-address-field]"));
    const close = () => {
      row.hidden = true;
      document.getElementById("message")?.focus();
    };
    const add = () => {
      const address = field.value.trim();
      if (!/^https?:\/\/\S+$/i.test(address)) {
        field.setCustomValidity(gettext("An image’s address begins with http:// or https://."));
        field.reportValidity();
        return;
      }
      this.#strip.addAddress(address);
      field.value = "";
      close();
    };
    part(this.#form, "[data-attach-address-open]").addEventListener("click", () => {
      row.hidden = false;
      field.focus();
    });
    field.addEventListener("input", () => field.setCustomValidity(""));
    field.addEventListener("keydown", (event) => {
      if (event.isComposing) return;
      if (event.key === "Enter") add();
      else if (event.key === "Escape") close();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
    part(row, "[data-attach-address-add]").addEventListener("click", add);
    part(row, "[data-attach-address-close]").addEventListener("click", close);
  }

  #openName() {
    const field = this.#form.elements.namedItem("name");
    if (!(field instanceof HTMLInputElement)) return;
    field.hidden = false;
    field.focus();
  }

  #changed() {
    const parts = this.#strip.parts;
    const value = parts.length > 0 ? JSON.stringify(parts) : "";
    if (this.#restoring || this.#field.value === value) return this.#keep();
    this.#field.value = value;
    this.#field.dispatchEvent(new Event("input", { bubbles: true }));
    this.#keep();
  }

  // -- role and name -----------------------------------------------------------------------------------------------

  #words() {
    const { elements } = this.#form;
    const value = (/** @type {string} */ name) => {
      const field = elements.namedItem(name);
      return field instanceof HTMLInputElement || field instanceof HTMLSelectElement ? field.value : "";
    };
    return { role: value("role"), name: value("name"), call: value("tool_call_id") };
  }

  /** @param {string} name @param {string} value */
  #set(name, value) {
    const field = this.#form.elements.namedItem(name);
    if (field instanceof HTMLInputElement || field instanceof HTMLSelectElement) field.value = value;
  }

  /** A tool's result names its call; a name shows where there is one. */
  #showWords() {
    const { role, name, call } = this.#words();
    const fields = this.#form.elements;
    const words = fields.namedItem("name");
    const id = fields.namedItem("tool_call_id");
    if (words instanceof HTMLElement) words.hidden = !name;
    if (id instanceof HTMLInputElement) {
      id.hidden = role !== "tool" && !call;
      if (role !== "tool") id.value = "";
    }
  }

  // -- drafts ------------------------------------------------------------------------------------------------------

  #keep() {
    if (this.#restoring) return;
    const { role, name, call } = this.#words();
    const chips = this.#strip.kept;
    const plain = role === "user" && !name && !call && chips.every(({ kind }) => kind === "text");
    const text = plain ? "" : JSON.stringify({ chips, role, name, call });
    this.#drafts.write({ text, run: "", sent: "" });
  }

  #restore() {
    const { text } = this.#drafts.read();
    if (!text) return;
    const { chips, role, name, call } = /** @type {Kept} */ (JSON.parse(text));
    this.#set("role", role);
    this.#set("name", name);
    this.#set("tool_call_id", call);
    this.#showWords();
    this.#strip.show(chips.map(chip));
    const parts = this.#strip.parts;
    this.#field.value = parts.length > 0 ? JSON.stringify(parts) : "";
  }
}

/** What the catalog says of this message. @param {HTMLElement} place @param {HTMLTemplateElement} notes */
function note(place, notes) {
  const said = [...notes.content.querySelectorAll("p")].map((each) => each.textContent ?? "");
  const now = said.join("\n");
  if (place.dataset["said"] === now) return;
  place.dataset["said"] = now;
  place.hidden = said.length === 0;
  place.replaceChildren(...said.map((each) => make("span", {}, each)));
}
