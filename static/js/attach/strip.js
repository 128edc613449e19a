// @ts-check
/** The row of chips above a text: what is attached, in the order in which it is sent. */
import { make } from "../dom.js";
import { gettext, interpolate, language } from "../i18n.js";
import { icon } from "../icons.js";
import { chip, kindOf, partOf } from "./chip.js";
import { fetchAddress, upload } from "./upload.js";

/** @import { Chip, Kept, Part } from "./chip.js" */

const DETAILS = ["auto", "low", "high"];
const ICONS = { image: "image", address: "link", audio: "play", file: "clip", other: "braces", text: "edit" };

export class Strip {
  #list;
  #urls;
  /** @type {Chip[]} */
  #chips = [];
  /** @type {Map<Chip, File>} what can be tried again, for as long as the page lives */
  #files = new Map();
  /** @type {Map<Chip, AbortController>} */
  #under = new Map();
  /** @type {Set<Promise<unknown>>} */
  #work = new Set();
  #changed;

  /**
   * @param {HTMLElement} list
   * @param {{upload: string, address: string}} urls
   * @param {() => void} changed
   */
  constructor(list, urls, changed) {
    this.#list = list;
    this.#urls = urls;
    this.#changed = changed;
  }

  /** What is kept of them over a reload: those whose bytes the server has. */
  get kept() {
    return this.#chips.filter(({ state }) => state === "ready");
  }

  /** @param {Chip[]} chips */
  show(chips) {
    for (const under of this.#under.values()) under.abort();
    this.#chips = chips;
    this.#render();
  }

  /** The parts in order, null where the text goes; nothing where there are only words. @returns {Part[]} */
  get parts() {
    const parts = this.#chips.map(partOf).filter((part) => part !== undefined);
    return parts.some((part) => part !== null) ? parts : [];
  }

  /** Whether everything is at the server, once it can be. */
  async ready() {
    while (this.#work.size > 0) await Promise.all(this.#work);
    return this.#chips.every(({ state }) => state === "ready");
  }

  /** @param {Iterable<File>} files */
  addFiles(files) {
    for (const file of files) {
      const added = chip({ kind: kindOf(file.type), state: "waiting", name: file.name });
      this.#files.set(added, file);
      this.#add(added);
      void this.#send(added);
    }
  }

  /** @param {string} address */
  addAddress(address) {
    this.#add(chip({ kind: "address", name: address }));
  }

  /** @param {Chip} added */
  #add(added) {
    if (this.#chips.length === 0) this.#chips.push(chip({ kind: "text" }));
    this.#chips.push(added);
    this.#render();
  }

  /** @param {Chip} waiting */
  async #send(waiting) {
    waiting.state = "waiting";
    waiting.problem = "";
    this.#render();
    const work = this.#outcome(waiting);
    this.#work.add(work);
    const { kept, problem } = await work;
    this.#work.delete(work);
    this.#under.delete(waiting);
    if (!this.#chips.includes(waiting)) return;
    waiting.kept = kept;
    waiting.state = kept ? "ready" : "failed";
    waiting.problem = problem;
    if (kept && waiting.kind !== "address") waiting.kind = kindOf(kept.mime);
    this.#render();
  }

  /** @param {Chip} waiting */
  #outcome(waiting) {
    if (waiting.kind === "address") return fetchAddress(this.#urls.address, waiting.name);
    const file = this.#files.get(waiting);
    if (!file) return Promise.resolve({ kept: null, problem: gettext("The file is gone. Attach it again.") });
    const under = new AbortController();
    this.#under.set(waiting, under);
    return upload(this.#urls.upload, file, (share) => this.#progress(waiting, share), under.signal);
  }

  /** @param {Chip} waiting @param {number} share */
  #progress(waiting, share) {
    waiting.done = share;
    const bar = this.#list.children[this.#chips.indexOf(waiting)]?.querySelector("progress");
    if (bar) bar.value = share;
  }

  /** @param {Chip} gone */
  #remove(gone) {
    this.#under.get(gone)?.abort();
    const at = this.#chips.indexOf(gone);
    this.#chips = this.#chips.filter((each) => each !== gone);
    if (this.#chips.every(({ kind }) => kind === "text")) this.#chips = [];
    this.#render();
    const next = this.#list.children[Math.min(at, this.#chips.length - 1)]?.querySelector("button[data-remove]");
    if (next instanceof HTMLElement) next.focus();
    else document.getElementById("message")?.focus();
  }

  /** @param {Chip} moved @param {number} by */
  #move(moved, by) {
    const at = this.#chips.indexOf(moved);
    if (at + by < 0 || at + by >= this.#chips.length) return;
    this.#chips.splice(at, 1);
    this.#chips.splice(at + by, 0, moved);
    this.#render();
    const button = this.#list.children[at + by]?.querySelector(`button[data-by="${by}"]`);
    if (button instanceof HTMLElement) button.focus();
  }

  #render() {
    this.#list.hidden = this.#chips.length === 0;
    this.#list.replaceChildren(...this.#chips.map((each, at) => this.#item(each, at)));
    this.#changed();
  }

  /** @param {Chip} of @param {number} at @returns {HTMLElement} */
  #item(of, at) {
    const item = make("li", { class: "attachment", "data-kind": of.kind, "data-state": of.state });
    item.append(this.#move1(of, at, -1), picture(of), this.#words(of), this.#move1(of, at, 1));
    if (of.kind !== "text") item.append(this.#removal(of));
    return item;
  }

  /** @param {Chip} of @param {number} at @param {number} by */
  #move1(of, at, by) {
    const label = by < 0 ? gettext("Move %(name)s forward") : gettext("Move %(name)s back");
    const button = make("button", {
      type: "button",
      class: "attachment__move",
      "data-by": String(by),
      "aria-label": interpolate(label, { name: nameOf(of) }),
    });
    button.append(icon(by < 0 ? "left" : "right", "small"));
    if (at + by < 0 || at + by >= this.#chips.length) button.setAttribute("disabled", "");
    button.addEventListener("click", () => this.#move(of, by));
    return button;
  }

  /** @param {Chip} of */
  #words(of) {
    const words = make("div", { class: "attachment__words" }, make("span", { class: "attachment__name", title: nameOf(of) }, nameOf(of)));
    if (of.state === "waiting") {
      const bar = make("progress", { class: "attachment__bar", max: "1", value: String(of.done), "aria-label": gettext("Uploading") });
      words.append(bar);
    } else if (of.state === "failed") {
      const again = make("button", { type: "button", class: "attachment__again" }, gettext("Try again"));
      again.addEventListener("click", () => void this.#send(of));
      words.append(make("span", { class: "attachment__problem", role: "alert" }, of.problem), again);
    } else if (of.kind !== "text") {
      words.append(this.#facts(of));
    }
    return words;
  }

  /** @param {Chip} of */
  #facts(of) {
    const facts = make("span", { class: "attachment__facts" });
    if (of.kept?.size) facts.append(factsOf(of.kept));
    if (of.kind === "address" && !of.part) facts.append(this.#sendAs(of));
    if (of.kind === "image" || of.kind === "address") facts.append(this.#detail(of));
    return facts;
  }

  /** @param {Chip} of */
  #detail(of) {
    const label = interpolate(gettext("Detail of %(name)s"), { name: nameOf(of) });
    const select = choice(label, of.detail, [["", "detail"], ...DETAILS.map((each) => /** @type {[string, string]} */ ([each, each]))]);
    select.addEventListener("change", () => {
      of.detail = select.value;
      this.#changed();
    });
    return select;
  }

  /** @param {Chip} of */
  #sendAs(of) {
    const label = interpolate(gettext("Send %(name)s as"), { name: nameOf(of) });
    const select = choice(label, of.send, [
      ["url", gettext("as URL")],
      ["base64", gettext("as base64")],
    ]);
    select.addEventListener("change", () => {
      of.send = select.value === "base64" ? "base64" : "url";
      if (of.send === "base64" && !of.kept) void this.#send(of);
      else this.#render();
    });
    return select;
  }

  /** @param {Chip} of */
  #removal(of) {
    const label = interpolate(gettext("Remove %(name)s"), { name: nameOf(of) });
    const button = make("button", { type: "button", class: "iconbtn iconbtn--small", "data-remove": "", "aria-label": label });
    button.append(icon("x", "small"));
    button.addEventListener("click", () => this.#remove(of));
    return button;
  }
}

/** @param {Chip} of */
function picture(of) {
  if (of.kind !== "text" && of.kept && (of.kind === "image" || of.kind === "address")) {
    return make("img", { class: "attachment__picture", src: `${of.kept.href}thumbnail/`, alt: "" });
  }
  return make("span", { class: "attachment__picture" }, icon(ICONS[of.kind]));
}

/** @param {Chip} of */
function nameOf(of) {
  if (of.kind === "text") return gettext("Text");
  return of.name || (of.kind === "image" ? gettext("Image") : gettext("Attachment"));
}

/** @param {Kept} kept */
function factsOf(kept) {
  const units = new Intl.NumberFormat(language(), { maximumSignificantDigits: 3 });
  const [unit, name] = kept.size < 1e3 ? [1, "B"] : kept.size < 1e6 ? [1e3, "kB"] : [1e6, "MB"];
  const size = `${units.format(kept.size / unit)} ${name}`;
  return kept.width && kept.height ? `${kept.width} × ${kept.height}, ${size}` : size;
}

/** @param {string} label @param {string} value @param {[string, string][]} options */
function choice(label, value, options) {
  const select = document.createElement("select");
  select.className = "attachment__select";
  select.setAttribute("aria-label", label);
  for (const [key, text] of options) select.add(new Option(text, key, key === value, key === value));
  return select;
}
