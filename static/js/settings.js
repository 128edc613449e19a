// @ts-check
/**
 * The settings of a column keep themselves: provider, model, system prompt and parameters are saved a moment after the
 * last change, the preview of the request follows every key, and another provider brings its own parameters.
 * All of them are fields of the composer's form, wherever they stand on the page.
 */
import { debounced, fresh } from "./dom.js";
import { insert } from "./fragments.js";
import { gettext } from "./i18n.js";
import { get, post } from "./request.js";
import { toast } from "./toasts.js";

const SAVE_MS = 500;
const PREVIEW_MS = 40;
const SETTINGS = ["provider", "model", "system", "parameters"];

/** @param {ParentNode} root */
export function bind(root) {
  for (const form of fresh(root, "form[data-composer]", "settings")) new Settings(/** @type {HTMLFormElement} */ (form));
}

class Settings {
  #form;
  #base;
  #saved;
  /** @type {AbortController | null} */
  #previewing = null;
  #failed = false;

  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.#form = form;
    this.#base = (form.dataset["runUrl"] ?? "").replace(/runs\/$/, "");
    this.#saved = this.#values().toString();
    for (const type of ["input", "change", "parameters:changed"]) {
      document.addEventListener(type, (event) => this.#changed(event));
    }
    document.addEventListener("visibilitychange", () => this.#save.now());
    addEventListener("pagehide", () => this.#save.now());
    this.#preview();
  }

  /** @param {Event} event */
  #changed(event) {
    const field = event.target;
    const own = field instanceof Element && "form" in field && field.form === this.#form;
    const inParameters = field instanceof Element && field.closest("[data-param]") !== null;
    if (!own && !inParameters && event.type !== "parameters:changed") return;
    this.#preview();
    if (field instanceof HTMLSelectElement && field.name === "provider" && event.type === "change") {
      void this.#reloadParameters(field.value);
    }
    this.#save();
  }

  #values() {
    const data = new FormData(this.#form);
    const values = new URLSearchParams();
    for (const name of SETTINGS) {
      const value = data.get(name);
      if (typeof value === "string") values.set(name, value);
    }
    return values;
  }

  #save = debounced(SAVE_MS, () => void this.#saveNow());

  async #saveNow() {
    const values = this.#values();
    const text = values.toString();
    if (text === this.#saved || !this.#base) return;
    const result = await post(`${this.#base}settings/`, values);
    if (result.ok) {
      this.#saved = text;
      this.#failed = false;
    } else if (!this.#failed) {
      // Said once; the settings travel with every run anyway.
      this.#failed = true;
      toast(result.status === 422 ? gettext("These settings could not be kept.") : result.problem, "bad");
    }
  }

  #preview = debounced(PREVIEW_MS, () => void this.#previewNow());

  /** The latest state wins: an older answer is given up. */
  async #previewNow() {
    const place = document.querySelector("[data-preview]");
    if (!place || !this.#base || !place.checkVisibility()) return;
    this.#previewing?.abort();
    const previewing = (this.#previewing = new AbortController());
    const values = this.#values();
    const message = new FormData(this.#form).get("message");
    values.set("message", typeof message === "string" ? message : "");
    const result = await post(`${this.#base}preview/`, values, previewing.signal);
    if (result.ok || result.status === 422) insert(place, result.html, "innerHTML");
  }

  /** Another API has other parameters; what was set and exists there too stays set. @param {string} provider */
  async #reloadParameters(provider) {
    const place = document.querySelector("[data-parameter-rows]");
    if (!place || !this.#base) return;
    const parameters = this.#values().get("parameters") ?? "{}";
    const query = new URLSearchParams({ provider, parameters });
    const result = await get(`${this.#base}parameters/?${query}`);
    if (!result.ok) return toast(result.problem, "bad");
    insert(place, result.html, "innerHTML");
    this.#preview();
    this.#save();
  }
}
