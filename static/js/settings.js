// @ts-check
/**
 * The settings of a column keep themselves: provider, model, system prompt and parameters are saved a moment after the
 * last change, the preview of the request follows every key, and another provider brings its own parameters.
 * All of them are fields of the composer's form, wherever they stand on the page.
 */
import { debounced, elements, fresh, part } from "./dom.js";
import { insert } from "./fragments.js";
import { gettext } from "./i18n.js";
import { BRANCH_CHANGES } from "./live.js";
import { takeBegun } from "./parameters.js";
import { post, postLast } from "./request.js";
import { toast } from "./toasts.js";

const SAVE_MS = 500;
const PREVIEW_MS = 40;
/** A preview that takes longer than this, in ms, leaves the processor twice as long to others. */
const PREVIEW_SLOW = 100;
/** A long message is not sent to the preview with every key. */
const LONG_MESSAGE = 10_000;
const LONG_PREVIEW_MS = 600;
const MESSAGE = ["message", "parts", "role", "name", "tool_call_id", "below"];
const SETTINGS = ["column", "provider", "model", "system", "parameters"];

/** @type {Settings | null} */
let current = null;

/** Have kept by the server what is set now. */
export async function keepSettings() {
  await current?.keep();
}

/** @param {ParentNode} root */
export function bind(root) {
  for (const form of fresh(root, "form[data-composer]", "settings")) {
    current = new Settings(/** @type {HTMLFormElement} */ (form));
  }
}

class Settings {
  #form;
  #base;
  #saved;
  #previewing = false;
  /** @type {Element | null} */
  #place = null;
  /** Whether something changed while a preview was on its way. */
  #previewStale = false;
  /** Whether the preview waits for being seen: its panel was closed, or lay behind another one. */
  #previewDue = false;
  #failed = false;
  #provider;
  /** The provider whose parameters the page shows. */
  #shown;
  /** @type {Map<string, string>} the model last chosen for each provider */
  #models = new Map();
  /** @type {Promise<void>} */
  #saving = Promise.resolve();

  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.#form = form;
    this.#base = (form.dataset["runUrl"] ?? "").replace(/runs\/$/, "");
    this.#saved = this.#values().toString();
    this.#provider = this.#shown = this.#values().get("provider") ?? "";
    for (const type of ["input", "change", "parameters:changed"]) {
      document.addEventListener(type, (event) => this.#changed(event));
    }
    for (const type of BRANCH_CHANGES) document.addEventListener(type, () => this.#preview());
    document.addEventListener("settings:loaded", () => this.#loaded());
    document.addEventListener("visibilitychange", () => this.#save.now());
    addEventListener("pagehide", () => void this.#saveNow(postLast));
    // The page comes with the preview of a conversation that is empty.
    const begun = this.#values().get("system") || document.querySelector("[data-transcript] [data-message]");
    this.#previewDue = Boolean(begun) || !document.querySelector("[data-preview-rows]");
    const place = this.#previewPlace();
    if (place) new IntersectionObserver(() => this.#previewDue && this.#preview()).observe(place);
  }

  /** @param {Event} event */
  #changed(event) {
    const field = event.target;
    const own = field instanceof Element && "form" in field && field.form === this.#form;
    if (!own && event.type !== "parameters:changed") return;
    this.#preview();
    if (this.#isLong) this.#previewLong();
    if (field instanceof HTMLSelectElement && field.name === "provider" && event.type === "change") {
      void this.#otherProvider(field.value);
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

  /** One after the other: of two on their way at once, the older could arrive last. */
  #save = debounced(SAVE_MS, () => void (this.#saving = this.#saving.then(() => this.#saveNow(post))));

  async keep() {
    this.#save.now();
    await this.#saving;
  }

  /** The fields hold another column's settings, as they are kept. */
  #loaded() {
    this.#saved = this.#values().toString();
    this.#provider = this.#shown = this.#values().get("provider") ?? "";
    this.#models.clear();
    this.#preview();
  }

  /** @param {typeof postLast} send */
  async #saveNow(send) {
    const values = this.#values();
    const text = values.toString();
    if (text === this.#saved || !this.#base) return;
    const result = await send(`${this.#base}settings/`, values);
    if (result.ok) {
      this.#saved = text;
      this.#failed = false;
      if (result.html) document.dispatchEvent(new CustomEvent("settings:kept", { detail: { html: result.html } }));
    } else if (!this.#failed) {
      // Said once; the settings travel with every run anyway.
      this.#failed = true;
      toast(result.status === 422 ? gettext("These settings could not be kept.") : result.problem, "bad");
    }
  }

  get #isLong() {
    const message = this.#form.elements.namedItem("message");
    return message instanceof HTMLTextAreaElement && message.textLength > LONG_MESSAGE;
  }

  #preview = debounced(PREVIEW_MS, () => {
    if (!this.#isLong) void this.#previewNow();
  });

  #previewLong = debounced(LONG_PREVIEW_MS, () => void this.#previewNow());

  /** One at a time, a slow one with a rest: in a conversation of thousands of messages typing must not want for the processor. */
  async #previewNow() {
    this.#previewStale = this.#previewing;
    if (this.#previewing) return;
    this.#previewing = true;
    const began = performance.now();
    try {
      await this.#previewShow();
      const took = performance.now() - began;
      if (took > PREVIEW_SLOW) await new Promise((resolve) => setTimeout(resolve, 2 * took));
    } finally {
      this.#previewing = false;
    }
    if (this.#previewStale) void this.#previewNow();
  }

  /** Where the preview stands. It is looked for once: that goes through every message. */
  #previewPlace() {
    if (!this.#place?.isConnected) this.#place = document.querySelector("[data-preview]");
    return this.#place;
  }

  async #previewShow() {
    const place = this.#previewPlace();
    if (!place || !this.#base) return;
    this.#previewDue = !place.parentElement?.checkVisibility();
    if (this.#previewDue) return;
    const values = this.#values();
    const data = new FormData(this.#form);
    for (const name of MESSAGE) {
      const value = data.get(name);
      if (typeof value === "string") values.set(name, value);
    }
    const result = await post(`${this.#base}preview/`, values);
    if (!result.ok) return;
    const scrolled = place.querySelector("[data-preview-rows]")?.scrollTop ?? 0;
    insert(place, result.html, "innerHTML");
    const rows = place.querySelector("[data-preview-rows]");
    if (rows && scrolled) rows.scrollTop = scrolled;
  }

  /**
   * Another API has other parameters and models: the server says what stays, and what to tell.
   * @param {string} provider
   */
  async #otherProvider(provider) {
    const place = document.querySelector("[data-parameter-rows]");
    const field = this.#form.elements.namedItem("model");
    if (!place || !this.#base || !(field instanceof HTMLInputElement)) return;
    const model = field.value;
    this.#models.set(this.#provider, model);
    this.#provider = provider;
    const result = await this.#parametersAt(provider);
    // Somebody who went on to a third provider gets that one's.
    if (provider !== this.#provider) return;
    if (!result.ok) return toast(result.problem, "bad");
    this.#shown = provider;
    const at = place.contains(document.activeElement) ? document.activeElement?.id : "";
    const goOn = takeBegun(place);
    insert(place, result.html, "innerHTML");
    goOn();
    if (at) document.getElementById(at)?.focus({ preventScroll: true });
    const change = part(place, "[data-provider-change]");
    // A name typed in the meantime is meant.
    if (field.value === model) field.value = change.dataset["model"] ?? model;
    const said = elements(change, "p").map((sentence) => sentence.textContent);
    if (said.length) toast(said.join(" "));
    this.#preview();
    this.#save();
  }

  /** The parameters under another provider; asked for again where one was set while the answer came. @param {string} provider */
  async #parametersAt(provider) {
    for (;;) {
      const values = this.#values();
      const asked = values.get("parameters");
      values.set("shown", this.#shown);
      values.set("last_model", this.#models.get(provider) ?? "");
      const result = await post(`${this.#base}parameters/`, values);
      if (!result.ok || provider !== this.#provider || this.#values().get("parameters") === asked) return result;
    }
  }
}
