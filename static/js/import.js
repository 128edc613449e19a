// @ts-check
/**
 * The import page: a paste, a dropped or chosen file is shown at once as what it would make; nothing that was pasted goes
 * away when something fails. Without a script the same form does the same in whole pages.
 */
import { elements, fresh, make, part } from "./dom.js";
import { problemNodes } from "./field_message.js";
import { insert } from "./fragments.js";
import { gettext } from "./i18n.js";
import { post } from "./request.js";

/** A paste of this many characters is something to be shown at once, not a word that somebody moves about. */
const WHOLE = 20;

/** @param {ParentNode} root */
export function bind(root) {
  for (const form of fresh(root, "form[data-import]")) {
    if (form instanceof HTMLFormElement) new ImportForm(form);
  }
}

class ImportForm {
  #form;
  #text;
  #file;
  #preview;
  /** @type {AbortController | null} */
  #asking = null;

  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.#form = form;
    this.#text = /** @type {HTMLTextAreaElement} */ (part(form, "textarea"));
    this.#file = /** @type {HTMLInputElement} */ (part(form, 'input[type="file"]'));
    this.#preview = part(document, "[data-import-preview]");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#ask(event.submitter?.hasAttribute("data-import-make") ?? false);
    });
    this.#file.addEventListener("change", () => this.#chosen());
    this.#text.addEventListener("paste", (event) => {
      const pasted = event.clipboardData?.getData("text/plain") ?? "";
      // The text is in the box after this event.
      if (pasted.length > WHOLE) setTimeout(() => void this.#ask(false));
    });
    form.addEventListener("dragover", (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      form.dataset["dropping"] = "";
    });
    form.addEventListener("dragleave", () => delete form.dataset["dropping"]);
    form.addEventListener("drop", (event) => {
      delete form.dataset["dropping"];
      const files = event.dataTransfer?.files;
      if (!files?.length) return;
      event.preventDefault();
      this.#file.files = files;
      this.#chosen();
    });
    // Chosen before this script was there, or kept by the browser on the way back.
    if (this.#file.files?.length) this.#chosen();
  }

  /** A file takes the place of what is in the box; the box itself stays as it is. */
  #chosen() {
    part(this.#form, "[data-import-name]").textContent = this.#file.files?.[0]?.name ?? gettext("Choose a file");
    if (this.#file.files?.length) void this.#ask(false);
  }

  /** @param {boolean} making whether to import, not only to show */
  async #ask(making) {
    this.#asking?.abort();
    const asking = (this.#asking = new AbortController());
    const fields = new FormData(this.#form);
    if (this.#file.files?.length) fields.set("text", "");
    else fields.delete("file");
    for (const pick of elements(this.#preview, "[data-import-pick]")) {
      const left = pick instanceof HTMLInputElement && !pick.checked;
      if (making && left) fields.append("leave", pick.dataset["importPick"] ?? "");
    }
    this.#preview.setAttribute("aria-busy", "true");
    const result = await post(making ? "/import/make/" : this.#form.action, fields, asking.signal);
    if (result.aborted) return;
    this.#preview.removeAttribute("aria-busy");
    if (!result.html) {
      const again = () => void this.#ask(making);
      this.#preview.replaceChildren(make("div", { class: "notice notice--bad" }, ...problemNodes(result, again)));
      return;
    }
    insert(this.#preview, result.html, "innerHTML");
    const made = this.#preview.querySelector("[data-import-made]");
    if (made instanceof HTMLElement) location.assign(made.dataset["importMade"] ?? "/");
  }
}
