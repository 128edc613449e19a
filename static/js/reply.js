// @ts-check
/**
 * Live answers: frames of the socket become text on the page.
 *
 * An exchange has one article per choice. Updates are only noted when they come; the articles are brought up to date
 * once per frame (frames.js). When an answer is complete on the page its article says `exchange:ended`.
 */
import { fresh } from "./dom.js";
import { showFailure } from "./failure.js";
import { paintSoon } from "./frames.js";
import { gettext, interpolate } from "./i18n.js";
import { MarkdownView } from "./markdown/view.js";
import { PlainView } from "./markdown/plain.js";
import { addToSource } from "./markdown/source.js";
import { StatsLine, seconds } from "./stats.js";
import { ToolCalls } from "./tool_calls.js";

/** @import { ExchangeSocket, Follower } from "./socket.js" */
/** @import { Failure } from "./failure.js" */
/** @import { EndStats } from "./stats.js" */

/**
 * @typedef {"queued" | "streaming" | "completed" | "stopped" | "failed" | "interrupted"} AnswerState
 * @typedef {{state: AnswerState, error: Failure | null, stats: EndStats, more?: boolean}} End `more`: see rest.js
 */

export const LIVE = 'article[data-exchange]:is([data-state="queued"], [data-state="streaming"])';
const TICK_MS = 500;
const BURST_MS = 50;
/** @type {EndStats} */
const UNKNOWN = {
  tokens_in: null,
  tokens_out: null,
  ttft_ms: null,
  tokens_per_second: null,
  total_ms: null,
  reasoning_ms: null,
};

/** @type {Map<string, Reply>} */
const replies = new Map();

/**
 * Follow every live answer at or below `root`.
 * @param {ParentNode} root
 * @param {ExchangeSocket} socket
 */
export function followAnswers(root, socket) {
  for (const article of fresh(root, LIVE, "reply")) {
    const exchange = article.dataset["exchange"] ?? "";
    const known = replies.get(exchange);
    if (known) {
      known.add(article);
      if (known.begun) joinAgain(known, socket);
      continue;
    }
    const reply = new Reply(exchange);
    reply.add(article);
    replies.set(exchange, reply);
    socket.follow(exchange, reply);
  }
}

/** What an answer got before its article stood here comes once more. @param {Reply} reply @param {ExchangeSocket} socket */
function joinAgain(reply, socket) {
  socket.unfollow(reply.exchange);
  reply.restart();
  socket.follow(reply.exchange, reply);
}

setInterval(() => {
  for (const reply of replies.values()) reply.tick();
}, TICK_MS);

/** One live exchange. @implements {Follower} */
class Reply {
  /** @type {Map<number, Answer[]>} by choice; one for each place that shows it */
  #answers = new Map();
  /** @type {End | null} */
  #end = null;
  begun = false;

  /** @param {string} exchange */
  constructor(exchange) {
    this.exchange = exchange;
  }

  /** @param {HTMLElement} article */
  add(article) {
    const choice = Number(article.dataset["choice"] ?? 0);
    const shown = (this.#answers.get(choice) ?? []).filter((answer) => answer.article.isConnected);
    this.#answers.set(choice, [...shown, new Answer(article, this)]);
  }

  /** The figures go on with the next frame: what is changed between frames may be laid out twice, for the pointer and for the picture. */
  tick() {
    this.#all(paintSoon);
  }

  restart() {
    this.#all((answer) => answer.restart());
  }

  /** @param {unknown[][]} updates @param {boolean} reset */
  update(updates, reset) {
    this.begun = true;
    if (reset) this.restart();
    // What comes all at once was not streamed past this page: it says nothing about speed.
    const replayed = reset || updates.length > 8;
    for (const update of updates) this.#apply(update, replayed);
  }

  /** @param {string} code @param {string} message */
  refused(code, message) {
    console.warn("The server does not let this answer be followed.", code, message);
    const sentence = gettext("This answer cannot be followed any more.");
    const advice = gettext("Reload the page.");
    const error = { kind: code, message: sentence, advice, status: null, param: null, retry_after: null };
    this.#finish({ state: "interrupted", error, stats: UNKNOWN });
  }

  /** @param {unknown[]} update @param {boolean} replayed */
  #apply(update, replayed) {
    const [kind, first, ...rest] = update;
    switch (kind) {
      case "c":
      case "r":
      case "f":
        return this.#choice(first).forEach((answer) => answer.text(kind, String(rest[0]), replayed));
      case "t":
        return this.#choice(first).forEach((answer) => answer.toolCall(Number(rest[0]), rest.slice(1)));
      case "s":
        return this.#all((answer) => answer.state(/** @type {"queued" | "streaming"} */ (first)));
      case "q":
        return this.#all((answer) => answer.queued(Number(first)));
      case "u":
        return this.#all((answer) => answer.usage(first));
      case "h":
        return this.#all((answer) => answer.state("streaming"));
      case "end":
        return this.#finish(/** @type {End} */ (first));
    }
  }

  /** @param {(answer: Answer) => void} work */
  #all(work) {
    for (const answers of this.#answers.values()) answers.forEach(work);
  }

  /** The articles of a choice; new ones for a choice that nobody asked for. @param {unknown} index */
  #choice(index) {
    const choice = Number(index);
    return this.#answers.get(choice) ?? this.#oneMore(choice);
  }

  /** @param {number} choice */
  #oneMore(choice) {
    const last = [...this.#answers.values()].at(-1);
    if (!last) throw new Error(`No article for exchange ${this.exchange}.`);
    const answers = last.map((answer) => answer.sibling(choice));
    this.#answers.set(choice, answers);
    return answers;
  }

  /** @param {End} end */
  #finish(end) {
    this.#end = end;
    this.#all((answer) => answer.end(end));
  }

  /** Called by an answer that shows everything. */
  shown() {
    const answers = [...this.#answers.values()].flat();
    if (!this.#end || !answers.every((answer) => answer.complete)) return;
    replies.delete(this.exchange);
    // Where another branch is shown by now, the inspector may still show this exchange.
    const place = answers.find((answer) => answer.article.isConnected)?.article ?? document;
    const detail = { exchange: this.exchange, state: this.#end.state, more: this.#end.more ?? false };
    place.dispatchEvent(new CustomEvent("exchange:ended", { bubbles: true, detail }));
  }
}

/** One article that grows. */
class Answer {
  #reply;
  #content = "";
  #reasoning = "";
  #refusal = "";
  /** @type {End | null} */
  #end = null;
  /** @type {MarkdownView | null} */
  #view = null;
  /** @type {PlainView | null} */
  #thoughts = null;
  /** @type {number | null} when the reasoning began to come past this page */
  #thinking = null;
  #tools;
  /** @type {StatsLine | null} */
  #stats;
  complete = false;
  /** What is shown is the server's, or from before a reset: it goes when the first update comes. */
  #old = true;

  /** @param {HTMLElement} article @param {Reply} reply */
  constructor(article, reply) {
    this.article = article;
    this.#reply = reply;
    this.#tools = new ToolCalls(this.#part("[data-tool-calls]"));
    const stats = this.#part("[data-stats]");
    this.#stats = stats && new StatsLine(stats);
    article.setAttribute("aria-busy", "true");
  }

  /** @param {string} selector */
  #part(selector) {
    const element = this.article.querySelector(selector);
    return element instanceof HTMLElement ? element : null;
  }

  get #source() {
    return this.#part("[data-markdown] > [data-source]");
  }

  #freshView() {
    const container = this.#part("[data-markdown]") ?? this.article;
    const source = this.#source;
    if (source) {
      source.textContent = "";
      source.hidden = true;
      container.replaceChildren(source);
    }
    container.setAttribute("data-blank", "");
    return new MarkdownView(container);
  }

  #freshThoughts() {
    const text = this.#part("[data-reasoning-text]");
    text?.replaceChildren();
    return text && new PlainView(text);
  }

  /** Everything comes again. What is shown stays until then. */
  restart() {
    this.#old = true;
    this.#content = this.#reasoning = this.#refusal = "";
  }

  /** The first update takes the place of what is shown. */
  #begin() {
    if (!this.#old) return;
    this.#old = false;
    this.#content = this.#reasoning = this.#refusal = "";
    this.#view = this.#freshView();
    this.#thoughts = this.#freshThoughts();
    const refusal = this.#part("[data-refusal]");
    if (refusal) refusal.hidden = true;
    refusal?.replaceChildren();
    this.#thinking = null;
    this.#tools.clear();
    this.#stats?.live.restart();
  }

  /** @param {"c" | "r" | "f"} kind @param {string} text @param {boolean} replayed */
  text(kind, text, replayed) {
    this.#begin();
    if (kind === "c") {
      this.#content += text;
      this.#thoughtEnds();
    } else if (kind === "r") {
      this.#reasoning += text;
      if (!replayed) this.#thinking ??= performance.now();
    } else {
      this.#refusal += text;
    }
    this.#stats?.live.added(text, replayed);
    this.state("streaming");
    paintSoon(this);
  }

  /** @param {number} call @param {unknown[]} parts id, name, more arguments; null where the provider sent none */
  toolCall(call, parts) {
    this.#begin();
    const [id = "", name = "", text = ""] = parts.map((part) => String(part ?? ""));
    this.#tools.add(call, id, name, text);
    this.#stats?.live.added(text, false);
    this.state("streaming");
    paintSoon(this);
  }

  /** @param {"queued" | "streaming"} state */
  state(state) {
    if (!this.#end && this.article.dataset["state"] !== state) this.article.dataset["state"] = state;
  }

  /** @param {number} place */
  queued(place) {
    this.#stats?.live.queued(place);
    paintSoon(this);
  }

  /** @param {unknown} usage */
  usage(usage) {
    this.#stats?.live.usage(usage);
  }

  #tick() {
    if (!this.#end) this.#stats?.show(this.article.dataset["state"] === "queued" ? "queued" : "streaming");
  }

  /** @param {End} end */
  end(end) {
    const kept = this.#old ? this.#source?.textContent : "";
    if (kept) {
      // Nothing came past this page: what the server wrote is the answer.
      this.#begin();
      this.#content = kept;
    }
    this.#end = end;
    paintSoon(this);
  }

  /** @param {number} until */
  paint(until) {
    this.#paintThoughts();
    this.#paintRefusal();
    this.#tools.paint();
    if (this.#content) {
      this.#part("[data-markdown]")?.removeAttribute("data-blank");
      if (this.#source) addToSource(this.#source, this.#content);
      this.#view?.append(this.#content);
      this.#content = "";
    }
    this.#tick();
    if (this.#end) this.#view?.end();
    const done = this.#view?.paint(until) ?? true;
    if (done && this.#end) this.#finish(this.#end);
    return done;
  }

  #paintThoughts() {
    if (!this.#reasoning) return;
    const box = this.#part("[data-reasoning]");
    if (box) box.hidden = false;
    this.#thoughts?.append(this.#reasoning);
    this.#reasoning = "";
  }

  /** The first words of the answer end the reasoning; how long it took is known to the server, and told at the end. */
  #thoughtEnds() {
    if (this.#thinking === null) return;
    const ms = performance.now() - this.#thinking;
    this.#thinking = null;
    // What came in one piece was not reasoned past this page.
    if (ms >= BURST_MS) this.#thoughtFor(ms);
  }

  /** @param {number | null} ms */
  #thoughtFor(ms) {
    const label = this.#part("[data-reasoning] > summary > span");
    if (!label) return;
    label.textContent =
      ms === null ? gettext("Reasoning") : interpolate(gettext("Reasoned for %(time)s"), { time: seconds(ms) });
  }

  #paintRefusal() {
    const place = this.#part("[data-refusal]");
    if (!this.#refusal || !place) return;
    place.hidden = false;
    place.append(this.#refusal);
    this.#refusal = "";
  }

  /** @param {End} end */
  #finish({ state, error, stats }) {
    if (this.complete) return;
    this.complete = true;
    this.#stats?.end(stats);
    this.#thoughtFor(stats.reasoning_ms);
    if (error) showFailure(this.article, error);
    this.article.dataset["state"] = state;
    this.article.removeAttribute("aria-busy");
    this.#reply.shown();
  }

  /** An empty article like this one for another choice. @param {number} choice */
  sibling(choice) {
    const article = /** @type {HTMLElement} */ (this.article.cloneNode(true));
    article.removeAttribute("id");
    article.dataset["choice"] = String(choice);
    for (const element of article.querySelectorAll("[id]")) element.removeAttribute("id");
    // Which message it will be is known after a reload.
    article.querySelector("[data-pick]")?.remove();
    const text = article.querySelector("[data-markdown] > [data-source]");
    text?.parentElement?.replaceChildren(text);
    text?.replaceChildren();
    this.article.after(article);
    return new Answer(article, this.#reply);
  }
}
