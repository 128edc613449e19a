// @ts-check
/** Plays a kept stream again, or shows it as it was at any time: the answer grows as it did, with its gaps. */
import { elements, fresh, prefersStill } from "../dom.js";
import { gettext, interpolate, language } from "../i18n.js";
import { icon } from "../icons.js";
import { get } from "../request.js";
import { toast } from "../toasts.js";
import { showRow } from "./events.js";
import { ReplayView } from "./replay_view.js";

/** @import { Texts } from "./replay_view.js" */
/** @typedef {[number, unknown[][]]} Step time in ms, and updates as the socket sends them */

const STEPS = 1000;
/** How often the text changes for somebody who prefers that nothing moves by itself, in ms. */
const STILL_MS = 1_000;

/** Characters of the answer's end that are shown beside the track. */
const SAID = 180;

/** @type {Scrubber | null} */
let playing = null;

/** @param {ParentNode} root */
export function bind(root) {
  for (const region of fresh(root, "[data-replay]:has([data-track])")) new Scrubber(region);
}

/** The answers show all of their text again. */
export function release() {
  playing?.end();
}

class Scrubber {
  #region;
  #range;
  #play;
  #back;
  #total;
  /** @type {Step[] | null} */
  #steps = null;
  /** @type {Promise<boolean> | null} */
  #loading = null;
  /** @type {Map<number, ReplayView>} */
  #views = new Map();
  /** @type {Map<number, Texts>} */
  #texts = new Map();
  /** Steps that are in `#texts`. */
  #taken = 0;
  #at = 0;
  #speed = 1;
  #running = false;
  #asked = false;

  /** @param {HTMLElement} region */
  constructor(region) {
    this.#region = region;
    this.#range = /** @type {HTMLInputElement} */ (region.querySelector("[data-track-range]"));
    this.#play = /** @type {HTMLElement} */ (region.querySelector("[data-track-play]"));
    this.#back = /** @type {HTMLElement} */ (region.querySelector("[data-track-stop]"));
    this.#total = Number(region.querySelector("[data-track]")?.getAttribute("data-total") ?? 0);
    this.#at = this.#total;
    this.#range.addEventListener("input", () => void this.#seek((Number(this.#range.value) / STEPS) * this.#total));
    this.#play.addEventListener("click", () => void (this.#running ? this.#pause() : this.#start()));
    this.#back.addEventListener("click", () => this.end());
    for (const button of elements(region, "[data-track-speed]")) {
      button.addEventListener("click", () => this.#setSpeed(button));
    }
    this.#say();
  }

  /** @param {HTMLElement} chosen */
  #setSpeed(chosen) {
    this.#speed = Number(chosen.dataset["trackSpeed"]);
    for (const button of elements(this.#region, "[data-track-speed]")) {
      button.setAttribute("aria-pressed", String(button === chosen));
    }
  }

  /** Fetch the stream once. */
  async #load() {
    this.#loading ??= get(this.#region.dataset["replay"] ?? "").then((result) => {
      if (result.ok) this.#steps = JSON.parse(result.html).steps;
      else toast(result.problem, "bad");
      return result.ok;
    });
    const loaded = await this.#loading;
    if (!loaded) this.#loading = null;
    return loaded;
  }

  /** @param {number} time */
  async #seek(time) {
    this.#running = false;
    this.#showPlaying();
    this.#at = time;
    this.#say();
    if (!(await this.#load())) return;
    // Many moves may come within a frame; the last one counts.
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      if (this.#region.isConnected) this.#show();
    });
  }

  async #start() {
    if (!(await this.#load())) return;
    if (this.#at >= this.#total) this.#at = 0;
    this.#running = true;
    this.#showPlaying();
    let before = performance.now();
    let shown = -Infinity;
    const frame = () => {
      if (!this.#running || !this.#region.isConnected) return;
      const now = performance.now();
      this.#at = Math.min(this.#total, this.#at + (now - before) * this.#speed);
      before = now;
      if (!prefersStill() || now - shown >= STILL_MS || this.#at >= this.#total) {
        shown = now;
        this.#show();
      }
      if (this.#at >= this.#total) return this.end();
      requestAnimationFrame(frame);
    };
    frame();
  }

  #pause() {
    this.#running = false;
    this.#showPlaying();
  }

  /** Bring the answers and the track to the time. */
  #show() {
    if (playing !== this) release();
    playing = this;
    this.#back.hidden = false;
    this.#take();
    for (const [choice, texts] of this.#texts) this.#view(choice)?.show({ ...texts });
    this.#quote();
    this.#say();
    this.#markEvent();
  }

  /** On a phone the inspector lies over the answer: the end of its text is shown here too. */
  #quote() {
    const place = this.#region.querySelector("[data-track-said]");
    const room = this.#region.closest("[data-drawer]");
    if (!(place instanceof HTMLElement)) return;
    place.hidden = playing !== this || !room || getComputedStyle(room).position !== "fixed";
    const [texts] = this.#texts.values();
    const said = texts?.content || texts?.reasoning || texts?.rest || "";
    place.textContent = said.length > SAID ? `…${said.slice(-SAID)}` : said;
  }

  /** Add up what had come by then. */
  #take() {
    const steps = this.#steps ?? [];
    const last = this.#taken > 0 ? (steps[this.#taken - 1]?.[0] ?? 0) : -1;
    if (last > this.#at) {
      this.#taken = 0;
      for (const choice of this.#texts.keys()) this.#texts.set(choice, blank());
    }
    while (this.#taken < steps.length && /** @type {Step} */ (steps[this.#taken])[0] <= this.#at) {
      for (const update of /** @type {Step} */ (steps[this.#taken])[1]) this.#add(update);
      this.#taken += 1;
    }
    for (const article of this.#articles()) {
      const choice = Number(article.dataset["choice"] ?? 0);
      if (!this.#texts.has(choice)) this.#texts.set(choice, blank());
    }
  }

  /** @param {unknown[]} update */
  #add([kind, choice, ...rest]) {
    if (typeof choice !== "number") return;
    const texts = this.#texts.get(choice) ?? blank();
    this.#texts.set(choice, texts);
    if (kind === "c") texts.content += String(rest[0]);
    else if (kind === "r") texts.reasoning += String(rest[0]);
    else if (kind === "f") texts.rest += String(rest[0]);
    else if (kind === "t") texts.rest += `${rest[2] ? `${texts.rest ? "\n" : ""}${rest[2]} ` : ""}${rest[3] ?? ""}`;
  }

  #articles() {
    const exchange = this.#region.closest("[data-inspector]")?.getAttribute("data-exchange") ?? "";
    return elements(document, `[data-message][data-exchange="${CSS.escape(exchange)}"]`);
  }

  /** @param {number} choice */
  #view(choice) {
    const known = this.#views.get(choice);
    if (known) return known;
    const article = this.#articles().find((each) => Number(each.dataset["choice"] ?? 0) === choice);
    if (!article) return null;
    const view = new ReplayView(article);
    this.#views.set(choice, view);
    return view;
  }

  /** The answers are whole again, the track is at its end. */
  end() {
    this.#running = false;
    for (const view of this.#views.values()) view.end();
    this.#views.clear();
    this.#texts.clear();
    this.#taken = 0;
    this.#at = this.#total;
    this.#back.hidden = true;
    if (playing === this) playing = null;
    this.#quote();
    this.#say();
    this.#markEvent();
  }

  #showPlaying() {
    const name = this.#running ? gettext("Pause") : gettext("Play the stream again");
    this.#play.setAttribute("aria-label", name);
    this.#play.title = name;
    this.#play.replaceChildren(icon(this.#running ? "pause" : "play", "small"));
  }

  /** Say where it is: on the track, in figures, and aloud. */
  #say() {
    if (!this.#running) this.#showPlaying();
    const share = this.#total ? this.#at / this.#total : 1;
    this.#range.value = String(Math.round(share * STEPS));
    const later = this.#region.querySelector("[data-track-later]");
    later?.setAttribute("x", String(share * 1000));
    later?.setAttribute("width", String((1 - share) * 1000));
    const figures = new Intl.NumberFormat(language(), { minimumFractionDigits: 3, maximumFractionDigits: 3 });
    const times = { at: figures.format(this.#at / 1000), total: figures.format(this.#total / 1000) };
    const output = this.#region.querySelector("[data-track-time]");
    if (output) output.textContent = interpolate(gettext("%(at)s / %(total)s s"), times);
    this.#range.setAttribute("aria-valuetext", interpolate(gettext("%(at)s of %(total)s seconds"), times));
  }

  /** The newest event of that time is marked in the list, where the list shows it. */
  #markEvent() {
    for (const row of elements(this.#region, ".event--now")) row.classList.remove("event--now");
    if (playing !== this) return;
    const row = elements(this.#region, "li[data-at]").findLast((each) => Number(each.dataset["at"]) <= this.#at + 0.05);
    if (!row) return;
    row.classList.add("event--now");
    showRow(row);
  }
}

/** @returns {Texts} */
function blank() {
  return { content: "", reasoning: "", rest: "" };
}
