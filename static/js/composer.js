// @ts-check
/** The composer: one press of Send is one run, and typed text is given up only once the server has it. */
import { hasParts, partsKey, partsReady, partsTaken } from "./attach/compose.js";
import { debounced, delegate, fresh } from "./dom.js";
import { DraftStore, randomId } from "./drafts.js";
import { gettext } from "./i18n.js";
import { loadEngine } from "./markdown/engine_loader.js";
import { setParameters } from "./parameters.js";
import { readyToRun } from "./ready.js";
import { LIVE } from "./reply.js";
import { post } from "./request.js";
import { sent } from "./stats.js";
import { addMessages, replaceFrom } from "./transcripts.js";
import { FieldMessage } from "./field_message.js";

const DRAFT_MS = 300;
const HOLDS_MESSAGES = "[data-transcript], section[data-column]";

/** @param {ParentNode} root */
export function bind(root) {
  for (const form of fresh(root, "form[data-composer]")) new Composer(/** @type {HTMLFormElement} */ (form));
}

class Composer {
  #form;
  #field;
  #send;
  #stop;
  #addButton;
  #message;
  #drafts;
  #draft;
  #sending = false;
  #unkept = false;

  /** @param {HTMLFormElement} form */
  constructor(form) {
    this.#form = form;
    this.#field = /** @type {HTMLTextAreaElement} */ (form.elements.namedItem("message"));
    this.#send = form.querySelector("[data-send]");
    this.#stop = form.querySelector("[data-stop]");
    this.#addButton = /** @type {HTMLElement | null} */ (form.querySelector("[data-add]"));
    this.#message = new FieldMessage(form, this.#field);
    this.#drafts = new DraftStore(form.dataset["runUrl"] ?? location.pathname);
    this.#draft = this.#drafts.read();
    if (!this.#field.value) this.#field.value = this.#draft.text;
    this.#listen();
    this.#grow();
    this.#showState();
  }

  #listen() {
    const form = this.#form;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#run();
    });
    // An answer will follow: what renders it has the time of typing to arrive.
    this.#field.addEventListener("input", loadEngine, { once: true });
    this.#field.addEventListener("input", () => {
      this.#message.clear();
      this.#grow();
      this.#keep();
    });
    this.#field.addEventListener("keydown", (event) => this.#key(event));
    this.#stop?.addEventListener("click", () => void this.#stopAll());
    this.#addButton?.addEventListener("click", () => void this.#add());
    document.addEventListener("keydown", (event) => this.#anywhere(event));
    delegate("click", "[data-example]", (button) => this.#begin(button));
    delegate("click", "[data-run-column]", (button) => void this.#run(button.dataset["runColumn"]));
    document.addEventListener("exchange:ended", () => this.#showState());
    document.addEventListener("fragment:added", ({ target }) => {
      // Most of what is added is none: a preview comes with each pause in typing, and to look for live ones takes long among many.
      if (target instanceof Element && (target.closest(HOLDS_MESSAGES) ?? target.querySelector(HOLDS_MESSAGES))) this.#showState();
    });
    document.addEventListener("visibilitychange", () => this.#keep.now());
    addEventListener("beforeunload", (event) => {
      this.#keep.now();
      if (this.#unkept) event.preventDefault();
    });
  }

  // -- keys --------------------------------------------------------------------------------------------------------

  /** @param {KeyboardEvent} event */
  #key(event) {
    // While an input method composes a character, its keys are not ours (229: Safari says so after the end).
    if (event.isComposing || event.keyCode === 229) return;
    if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      event.stopPropagation();
      this.#form.requestSubmit();
    } else if (event.key === "ArrowUp" && this.#field.value === "") {
      const last = lastPrompt();
      if (!last) return;
      event.preventDefault();
      this.#write(last);
    }
  }

  /** @param {KeyboardEvent} event */
  #anywhere(event) {
    const sends = event.key === "Enter" && (event.ctrlKey || event.metaKey);
    // First: to look for a dialog goes through every message, which is too much for each key.
    if (!sends && event.key !== "Escape") return;
    if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
    if (sends) {
      event.preventDefault();
      this.#form.requestSubmit();
    } else if (isLive()) {
      event.preventDefault();
      void this.#stopAll();
    }
  }

  // -- text --------------------------------------------------------------------------------------------------------

  #keep = debounced(DRAFT_MS, () => {
    this.#draft.text = this.#field.value;
    this.#unkept = !this.#drafts.write(this.#draft);
  });

  /** @param {string} text */
  #write(text) {
    this.#field.value = text;
    this.#field.setSelectionRange(text.length, text.length);
    this.#grow();
    this.#keep();
  }

  /** As tall as its text; where CSS can do it, CSS does. */
  #grow() {
    if (CSS.supports("field-sizing", "content")) return;
    this.#field.style.height = "auto";
    this.#field.style.height = `${this.#field.scrollHeight}px`;
  }

  // -- runs --------------------------------------------------------------------------------------------------------

  /** @param {string} [column] the one to run, where not all of them should */
  async #run(column) {
    if (this.#sending) return;
    const text = this.#field.value;
    const goOn = text.trim() === "" && !hasParts(this.#form) ? unanswered() : null;
    if (!goOn && this.#isEmpty()) return this.#message.say(gettext("Write a message first."));
    if (isLive(column)) return this.#message.say(gettext("An answer is still streaming: wait for it, or stop it first."));
    this.#message.clear();
    this.#busy(true);
    if (!(await this.#partsReady()) || !(await readyToRun())) return this.#busy(false);
    const pressed = performance.now();
    const fields = new FormData(this.#form);
    if (column) fields.set("columns", column);
    if (goOn) fields.set("again", goOn.dataset["message"] ?? "");
    const result = await post(`${this.#form.dataset["runUrl"]}${this.#runFor(text)}/`, fields);
    this.#busy(false);
    if (result.ok) this.#taken(text, result.html, pressed, goOn);
    else this.#message.fail(result, () => void this.#run(column));
  }

  /** Put the message at the end of the conversation without asking the model. */
  async #add() {
    if (this.#sending) return;
    if (this.#isEmpty()) return this.#message.say(gettext("Write a message first."));
    const text = this.#field.value;
    this.#message.clear();
    this.#busy(true, this.#addButton);
    if (!(await this.#partsReady())) return this.#busy(false, this.#addButton);
    const result = await post(this.#addButton?.dataset["add"] ?? "", new FormData(this.#form));
    this.#busy(false, this.#addButton);
    if (result.ok) this.#taken(text, result.html, null, null);
    else this.#message.fail(result, () => void this.#add());
  }

  #isEmpty() {
    return this.#field.value.trim() === "" && !hasParts(this.#form);
  }

  async #partsReady() {
    if (await partsReady(this.#form)) return true;
    this.#message.say(gettext("An attachment could not be uploaded: try it again, or remove it."));
    return false;
  }

  /** The same message gets the same UUID until the server took it: a retry never becomes a second run. @param {string} text */
  #runFor(text) {
    const said = text + partsKey(this.#form);
    if (this.#draft.sent !== said || !this.#draft.run) {
      this.#draft.run = randomId();
      this.#draft.sent = said;
    }
    this.#keep();
    this.#keep.now();
    return this.#draft.run;
  }

  /**
   * @param {string} text what was sent @param {string} html the messages it became
   * @param {number | null} pressed when, null where nothing runs
   * @param {HTMLElement | null} goOn the message that was answered, where nothing was said
   */
  #taken(text, html, pressed, goOn) {
    this.#draft = { text: "", run: "", sent: "" };
    // What was typed while the request was under way stays.
    const now = this.#field.value;
    this.#write(now.startsWith(text) ? now.slice(text.length).trimStart() : now);
    this.#keep.now();
    if (!goOn) partsTaken(this.#form);
    document.querySelector("[data-first]")?.remove();
    sent(pressed);
    if (goOn) replaceFrom(goOn, html);
    else addMessages(html);
    sent(null);
    document.dispatchEvent(new Event(pressed === null ? "message:added" : "run:started"));
    this.#showState();
    this.#field.focus({ preventScroll: true });
  }

  /** Fill in one of the examples of a new chat. @param {HTMLElement} button */
  #begin(button) {
    const { exampleText = "", exampleSystem = "", exampleParameters = "" } = button.dataset;
    const system = this.#form.elements.namedItem("system");
    if (system instanceof HTMLTextAreaElement) system.value = exampleSystem;
    if (exampleParameters) setParameters(Object.entries(JSON.parse(exampleParameters)));
    this.#write(exampleText);
    this.#field.dispatchEvent(new Event("input", { bubbles: true }));
    this.#field.focus();
  }

  async #stopAll() {
    const exchanges = new Set(
      [...document.querySelectorAll(LIVE)].map((article) => article.getAttribute("data-exchange") ?? ""),
    );
    this.#stop?.setAttribute("aria-busy", "true");
    const results = await Promise.all([...exchanges].map((id) => post(`/exchanges/${id}/stop/`)));
    this.#stop?.removeAttribute("aria-busy");
    const failed = results.find((result) => !result.ok);
    if (failed) this.#message.fail(failed, () => void this.#stopAll());
  }

  // -- state -------------------------------------------------------------------------------------------------------

  /** @param {boolean} busy @param {Element | null} [button] */
  #busy(busy, button = this.#send) {
    this.#sending = busy;
    button?.setAttribute("aria-busy", String(busy));
  }

  #showState() {
    const live = isLive();
    if (this.#stop instanceof HTMLElement) this.#stop.hidden = !live;
    if (this.#send instanceof HTMLElement) this.#send.hidden = live;
  }
}

/** @param {string} [column] looked at alone */
function isLive(column) {
  const place = column ? document.querySelector(`section[data-column="${CSS.escape(column)}"]`) : document;
  return place !== null && place.querySelector(LIVE) !== null;
}

/** The last message, where it waits for an answer or was begun for the model: with nothing to say, Send goes on from it. */
function unanswered() {
  if (document.querySelector("[data-column] [data-transcript]")) return null;
  const last = [...document.querySelectorAll("[data-transcript] article[data-message]")].at(-1);
  return last instanceof HTMLElement && !last.dataset["exchange"] ? last : null;
}

/** The text of the person's last message. */
function lastPrompt() {
  const last = [...document.querySelectorAll('[data-transcript] article[data-role="user"]')].at(-1);
  return last?.querySelector("[data-source]")?.textContent ?? "";
}
