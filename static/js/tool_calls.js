// @ts-check
/** The tool calls of a live answer: a name, and arguments that arrive piece by piece. */
import { make } from "./dom.js";
import { icon } from "./icons.js";

/** @typedef {{box: HTMLElement, name: HTMLElement, text: HTMLElement, waiting: string}} Call */

export class ToolCalls {
  #place;
  /** @type {Map<number, Call>} */
  #calls = new Map();

  /** @param {HTMLElement | null} place */
  constructor(place) {
    this.#place = place;
  }

  clear() {
    this.#calls.clear();
    this.#place?.replaceChildren();
  }

  /** @param {number} index @param {string} id @param {string} name @param {string} text more of the arguments */
  add(index, id, name, text) {
    const call = this.#calls.get(index) ?? this.#open(index);
    if (id) call.box.title = id;
    if (name) {
      call.name.append(name);
      call.box.dataset["toolName"] = call.name.textContent ?? "";
    }
    call.waiting += text;
  }

  paint() {
    for (const call of this.#calls.values()) {
      if (call.waiting) call.text.append(call.waiting);
      call.waiting = "";
    }
  }

  /** @param {number} index @returns {Call} */
  #open(index) {
    const name = make("span", { class: "tool__name" });
    const text = make("code", {});
    const box = make(
      "div",
      { class: "tool", "data-tool-call": String(index) },
      make("p", { class: "tool__head" }, icon("tool"), name),
      make("pre", { tabindex: "0" }, text),
    );
    this.#place?.append(box);
    const call = { box, name, text, waiting: "" };
    this.#calls.set(index, call);
    return call;
  }
}
