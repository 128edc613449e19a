// @ts-check
/** The line of figures under an answer, while it streams. The ended one looks as the server writes it. */
import { make } from "./dom.js";
import { gettext, interpolate, language } from "./i18n.js";
import { morph } from "./markdown/morph.js";

/**
 * @typedef {object} EndStats times in ms; null where unknown
 * @property {number | null} tokens_in
 * @property {number | null} tokens_out
 * @property {number | null} ttft_ms
 * @property {number | null} tokens_per_second
 * @property {number | null} total_ms
 * @property {number | null} reasoning_ms
 * @property {{amount: string | null, currency: string} | null} [cost] amount null: unknown
 */

const UPDATE_MS = 250;
const BURST_MS = 50;
const whole = new Intl.NumberFormat(language());
const one = new Intl.NumberFormat(language(), { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const two = new Intl.NumberFormat(language(), { minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** A time as `playground/templatetags/figures.py` writes it. @param {number} ms */
export function seconds(ms) {
  if (ms >= 600_000) return interpolate(gettext("%(minutes)s min"), { minutes: one.format(ms / 60_000) });
  return `${two.format(ms / 1000)} s`;
}

/**
 * An amount of money with as many digits as say something, as `conversations/money_words.py` writes it.
 * @param {{amount: string | null, currency: string}} cost
 */
function money({ amount, currency }) {
  if (amount === null) return gettext("unknown");
  const value = Number(amount);
  let decimals = 2;
  if (value === 0) decimals = 0;
  else if (value < 0.1) decimals = 1 - Math.floor(Math.log10(value));
  const digits = { minimumFractionDigits: Math.min(2, decimals), maximumFractionDigits: decimals };
  return interpolate(
    gettext("%(amount)s %(currency)s"),
    { amount: new Intl.NumberFormat(language(), digits).format(value), currency },
  );
}

/** @type {number | null} */
let sentAt = null;

/**
 * The answers made until the next call belong to the press of Send at this time.
 * @param {number | null} time as `performance.now()`; null: to none
 */
export function sent(time) {
  sentAt = time;
}

/** What is known of a live answer. Tokens are estimated from the text until the provider tells. */
class LiveStats {
  #started = sentAt ?? performance.now();
  /** Whether the press of Send is known: else the time to the first token is not. */
  #whole = sentAt !== null;
  /** @type {number | null} */
  #first = null;
  #tokens = 0;
  #tokensAtFirst = 0;
  /** @type {number | null} */
  #usage = null;
  #place = 0;

  /** @param {string} text @param {boolean} replayed whether it came before this page looked */
  added(text, replayed) {
    const now = performance.now();
    this.#tokens += Math.max(1, Math.round(text.length / 4));
    if (this.#first === null && !replayed) this.#first = now;
    // What came in one burst with the first piece says nothing about speed.
    if (this.#first === null || replayed || now - this.#first < BURST_MS) this.#tokensAtFirst = this.#tokens;
  }

  /** All text comes again. */
  restart() {
    this.#tokens = this.#tokensAtFirst = 0;
  }

  /** @param {unknown} usage as the provider sent it */
  usage(usage) {
    const tokens = /** @type {{completion_tokens?: unknown} | null} */ (usage)?.completion_tokens;
    if (typeof tokens === "number") this.#usage = tokens;
  }

  /** @param {number} place in the queue, from 1; 0 for none */
  queued(place) {
    this.#place = place;
  }

  /** @param {"queued" | "streaming"} state @returns {[string, string][]} name and value */
  rows(state) {
    const now = performance.now();
    /** @type {[string, string][]} */
    const rows = [];
    if (state === "queued" && this.#place > 0) rows.push([gettext("place in queue"), whole.format(this.#place)]);
    if (this.#tokens > 0) {
      rows.push([gettext("out"), this.#usage === null ? `≈ ${whole.format(this.#tokens)}` : whole.format(this.#usage)]);
    }
    if (this.#first !== null) {
      if (this.#whole) rows.push([gettext("TTFT"), seconds(this.#first - this.#started)]);
      const span = now - this.#first;
      if (span > 400) rows.push([gettext("tok/s"), one.format((this.#tokens - this.#tokensAtFirst) / (span / 1000))]);
    }
    rows.push([gettext("elapsed"), seconds(now - this.#started)]);
    return rows;
  }
}

/** @param {EndStats} stats @returns {[string, string][]} */
function endRows(stats) {
  /** @type {[string, number | null | undefined, (value: number) => string][]} */
  const figures = [
    [gettext("in"), stats.tokens_in, whole.format],
    [gettext("out"), stats.tokens_out, whole.format],
    [gettext("TTFT"), stats.ttft_ms, seconds],
    [gettext("tok/s"), stats.tokens_per_second, one.format],
    [gettext("total"), stats.total_ms, seconds],
  ];
  /** @type {[string, string][]} */
  const rows = [];
  for (const [name, value, format] of figures) if (typeof value === "number") rows.push([name, format(value)]);
  if (stats.cost) rows.push([gettext("cost"), money(stats.cost)]);
  return rows;
}

/** Keeps one `<dl data-stats>` up to date, a few times a second. */
export class StatsLine {
  #list;
  #live = new LiveStats();
  #shownAt = 0;

  /** @param {HTMLElement} list */
  constructor(list) {
    this.#list = list;
  }

  get live() {
    return this.#live;
  }

  /** @param {"queued" | "streaming"} state */
  show(state) {
    const now = performance.now();
    if (now - this.#shownAt < UPDATE_MS) return;
    this.#shownAt = now;
    const word = state === "queued" ? gettext("Queued") : gettext("Streaming");
    const first = make("div", {}, make("dt", { class: "unseen" }, gettext("State")));
    first.append(make("dd", { class: "stats__state" }, make("span", { class: "dot dot--live" }), word));
    this.#list.classList.add("stats--live");
    this.#fill(first, ...this.#live.rows(state).map(row));
  }

  /** @param {EndStats} stats */
  end(stats) {
    this.#list.classList.remove("stats--live");
    const rows = endRows(stats).map(row);
    if (stats.cost) rows.at(-1)?.classList.toggle("stats__unknown", stats.cost.amount === null);
    this.#fill(...rows);
  }

  /** @param {...HTMLElement} rows */
  #fill(...rows) {
    if (this.#list.hidden !== (rows.length === 0)) this.#list.hidden = rows.length === 0;
    // In place: a few times a second the page would look at all its styles for new elements.
    morph(this.#list, [...this.#list.childNodes], rows);
  }
}

/** @param {[string, string]} pair */
function row([name, value]) {
  return make("div", {}, make("dt", {}, name === gettext("TTFT") ? timeToFirstToken() : name), make("dd", {}, value));
}

function timeToFirstToken() {
  return make("abbr", { title: gettext("Time to first token") }, gettext("TTFT"));
}
