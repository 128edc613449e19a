// @ts-check
/**
 * The conversation as it changes elsewhere: in another tab, by somebody else, on the server. The socket says that something
 * changed; what is new comes as a fragment and is put in place. Whatever the page shows already stays untouched: text that
 * is being typed, selected or streamed, the focus, the place one has scrolled to.
 */
import { elements, make } from "./dom.js";
import { gettext, interpolate } from "./i18n.js";
import { icon } from "./icons.js";
import { LIVE } from "./reply.js";
import { post } from "./request.js";
import { take as takeTitle } from "./title.js";
import { toast } from "./toasts.js";
import { columnOf } from "./transcripts.js";

/** @import { Result } from "./request.js" */
/** @import { ExchangeSocket } from "./socket.js" */

/**
 * @typedef {object} Wish
 * @property {string | null} [tip] the end of the branch to show; without it, the one that is shown
 * @property {string} [through] a message whose newest branch to show
 * @property {boolean} [mine] the person at this page asked for it: it is shown, whatever they are doing
 * @property {string | null} [by] who else did it
 */

/** A run that this page is just sending, or an edit that it is saving. */
const SENDING = ["[data-composer] ", "[data-again]", "[data-results-send]", ".msg__edit "]
  .map((place) => `${place}[aria-busy="true"]`)
  .join();
/** What happens on a page when the branch that it shows, and with it what a request would carry, has changed. */
export const BRANCH_CHANGES = ["run:started", "message:added", "exchange:ended", "branch:shown", "choice:picked"];
const LOOK_MS = 50;
const MOST_LOOKS = 100;
/** What could not be fetched is asked for again after this time, then after twice as long, and so on. */
const AGAIN_FIRST_MS = 1_000;
const AGAIN_LAST_MS = 60_000;

/** What the page says of its conversation. @returns {HTMLElement | null} */
function page() {
  return document.querySelector("[data-live]");
}

/** Whether the person may write here. */
export function mayEdit() {
  return page()?.dataset["mayEdit"] === "true";
}

/** The conversation's own address, with a slash at its end. */
export function base() {
  return page()?.dataset["base"] ?? location.pathname;
}

/** @param {ExchangeSocket} socket */
export function follow(socket) {
  const shown = page();
  if (!shown) return;
  socket.watch(shown.dataset["live"] ?? "", () => shown.dataset["seen"] ?? "");
  socket.addEventListener("changed", (event) => void changed(/** @type {CustomEvent} */ (event).detail));
  socket.addEventListener("unwatched", () => gone());
  document.addEventListener("formdata", ({ target, formData }) => {
    // Where the branch ends for the person who writes: what they send goes below that, whatever comes meanwhile.
    // It is read with every key: nothing here may cost more in a longer conversation.
    if (!(target instanceof HTMLFormElement) || !target.matches("[data-composer]")) return;
    const list = document.querySelector("[data-transcript]");
    if (!list || columnOf(list)) return;
    let row = list.lastElementChild;
    while (row && !row.matches("[data-version]")) row = row.previousElementSibling;
    formData.set("below", rowId(row ?? undefined));
  });
}

/** @param {{message: string | null, by: string | null}} news */
async function changed({ message, by }) {
  document.dispatchEvent(new Event("loop:moved"));
  await sent();
  // What this page did itself stands there already.
  if (message && by === null && document.querySelector(`[data-message="${CSS.escape(message)}"]`)) return;
  await show({ tip: message, by });
}

/** Wait for the answer to what this page is sending: it brings the same messages. */
async function sent() {
  for (let look = 0; look < MOST_LOOKS && document.querySelector(SENDING); look += 1) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** @type {Promise<unknown>} one at a time: each tells the server what the last one left */
let last = Promise.resolve();

/** Bring the page up to date. @param {Wish} wish @returns {Promise<void>} */
export function show(wish) {
  const next = last.then(() => showNow(wish));
  last = next.catch(reportError);
  return next;
}

/** @param {Wish} wish */
async function showNow(wish) {
  const transcripts = elements(document, "[data-transcript]");
  /** @type {string | undefined} */
  let seen;
  for (const transcript of transcripts) {
    const fetched = await fetchNews(transcript, wish);
    if (!fetched) return;
    // That of the first: the others may show more already.
    seen ??= fetched.dataset["seen"];
    if (apply(transcript, fetched, wish)) continue;
    // The person is in the middle of something here: they are told, and see that there is an alternative.
    offer(wish);
    const counts = await fetchNews(transcript, {});
    if (!counts) return;
    apply(transcript, counts, {});
  }
  // Only now: a page that comes back with this state is told nothing that one of its columns may lack.
  if (seen !== undefined) page()?.setAttribute("data-seen", seen);
  settle(wish);
  document.dispatchEvent(new Event("branch:shown"));
}

// -- what could not be fetched -----------------------------------------------------------------------------------------

/** @type {{wish: Wish, timer: ReturnType<typeof setTimeout>, pause: number} | null} what the page is behind by */
let owed = null;

/** Something could be fetched: that is all, unless a branch was to be shown that this says nothing of. @param {Wish} wish */
function settle(wish) {
  if (owed && owed.wish !== wish && leads(owed.wish) && !leads(wish)) return;
  const pause = nextPause();
  clearTimeout(owed?.timer);
  owed = null;
  if (document.querySelector("[data-transcript] > [data-behind]")) askLater({}, pause);
}

/** Whether a wish leads to a branch. @param {Wish} wish */
function leads({ tip, through }) {
  return Boolean(tip ?? through);
}

/** Try again by and by, without a word: nobody waits for what others do. @param {Wish} wish */
function tryAgain(wish) {
  // What this person asked for does not give way to what others did, nor a branch to a change somewhere.
  const isLess = owed && ((owed.wish.mine && !wish.mine) || (leads(owed.wish) && !leads(wish)));
  askLater(owed && isLess ? owed.wish : wish, nextPause());
}

function nextPause() {
  return owed ? Math.min(owed.pause * 2, AGAIN_LAST_MS) : AGAIN_FIRST_MS;
}

/** @param {Wish} wish @param {number} pause */
function askLater(wish, pause) {
  clearTimeout(owed?.timer);
  // Never all pages of a restarted server at once.
  owed = { wish, pause, timer: setTimeout(() => void show(wish), pause * (0.5 + Math.random() / 2)) };
}

/** Whether the server may answer the same request another time. @param {Result} result */
function mayComeYet({ status, signedOut, aborted }) {
  return !signedOut && !aborted && (status === 0 || status === 409 || status === 429 || status >= 500);
}

/** @param {HTMLElement} transcript @param {Wish} wish */
async function fetchNews(transcript, wish) {
  const column = columnOf(transcript);
  const fields = new URLSearchParams({ shown: rowsOf(transcript).map(rowName).join(",") });
  if (column) {
    fields.set("column", column);
    fields.set("mirror", "1");
  } else {
    if (wish.tip) fields.set("tip", wish.tip);
    if (wish.through) fields.set("through", wish.through);
  }
  const result = await post(`${base()}news/`, fields);
  if (result.status === 404) {
    if (column) otherColumns();
    else gone();
  }
  if (mayComeYet(result)) tryAgain(wish);
  if (!result.ok) return null;
  const template = document.createElement("template");
  template.innerHTML = result.html;
  const news = template.content.querySelector("[data-news]");
  if (!(news instanceof HTMLElement)) return null;
  tellPage(news);
  return news;
}

/** Take over what concerns the page as a whole. @param {HTMLElement} news */
function tellPage(news) {
  const shown = page();
  if (!shown) return;
  const { mayEdit: may = "", title = "" } = news.dataset;
  shown.toggleAttribute("data-several", news.hasAttribute("data-several") || shown.hasAttribute("data-several"));
  if (title) takeTitle(title);
  if (Number(news.dataset["columns"]) !== elements(document, "[data-transcript]").length) otherColumns();
  if (may !== shown.dataset["mayEdit"]) {
    const sentence = may === "true" ? gettext("You may write here now.") : gettext("You may only look here from now on.");
    bar(sentence, { label: gettext("Reload"), run: () => location.reload() });
  }
}

// -- rows --------------------------------------------------------------------------------------------------------------

/** @param {ParentNode} transcript @returns {HTMLElement[]} */
function rowsOf(transcript) {
  return elements(transcript, ":scope > [data-version]");
}

/** The id of the message that a row stands for: of several choices, the one that the branch goes through. @param {Element} [row] */
export function rowId(row) {
  const used = row?.querySelector('[data-picked="true"]') ?? row?.querySelector("[data-message]");
  const own = row?.matches("[data-message]") ? row : used;
  return own?.getAttribute("data-message") ?? "";
}

/** @param {HTMLElement} row */
function rowName(row) {
  return `${rowId(row)}:${row.dataset["version"] ?? ""}`;
}

/** The words of a version, without where it stands among its alternatives. @param {HTMLElement} row */
function words(row) {
  return (row.dataset["version"] ?? "").split("-")[0];
}

/**
 * Make a transcript show what the news says; false where that would take away what the person is at.
 * @param {HTMLElement} transcript @param {HTMLElement} news @param {Wish} wish
 */
function apply(transcript, news, wish) {
  const rows = rowsOf(transcript);
  for (const row of rows) row.removeAttribute("data-behind");
  const keep = Number(news.dataset["keep"]);
  const parts = elements(news, ":scope > *");
  const wanted = new Set(parts.map((part) => part.dataset["same"] ?? rowId(part)));
  const old = new Map(rows.slice(keep).map((row) => [rowId(row), row]));
  const leaving = rows.slice(keep).filter((row) => !wanted.has(rowId(row)) || old.get(rowId(row)) !== row);
  if (leaving.length > 0 && !wish.mine && leaving.some(isBusy)) return false;
  const back = rowId(leaving.at(-1));
  const hadFocus = leaving.some((row) => row.contains(document.activeElement));
  for (const row of leaving) row.remove();
  const earlier = transcript.querySelector(":scope > [data-earlier]");
  if (news.hasAttribute("data-whole")) earlier?.remove();
  put(transcript, parts, { old, at: rows[keep - 1] ?? (earlier?.isConnected ? earlier : null), mine: wish.mine === true });
  if (rowsOf(transcript).length > 0) document.querySelector("[data-first]")?.remove();
  if (hadFocus) focusNear(transcript);
  if (back && wish.by) {
    const sentence = interpolate(gettext("%(name)s wrote on another branch, which is shown now."), { name: wish.by });
    toast(sentence, "plain", {
      label: gettext("Back"),
      run: () => void show({ tip: back, mine: true }),
      brief: true,
    });
  }
  return true;
}

/**
 * @param {HTMLElement} transcript @param {HTMLElement[]} parts
 * @param {{old: Map<string, HTMLElement>, at: Element | null, mine: boolean}} place
 */
function put(transcript, parts, { old, at, mine }) {
  for (const part of parts) {
    const known = old.get(part.dataset["same"] ?? rowId(part));
    const row = known && staysAs(known, part) ? known : part;
    if (row !== known) known?.remove();
    const next = at ? at.nextElementSibling : transcript.firstElementChild;
    if (next !== row) transcript.insertBefore(row, next);
    at = row;
    if (row !== part) continue;
    row.toggleAttribute("data-elsewhere", !mine);
    window.htmx?.process(row);
    row.dispatchEvent(new Event("fragment:added", { bubbles: true }));
  }
}

/** Whether a row that stands there can stay, with another number of alternatives at most. @param {HTMLElement} known @param {HTMLElement} part */
function staysAs(known, part) {
  if (part.dataset["same"]) return true;
  const busy = known.querySelector("form, " + LIVE) !== null || known.matches(LIVE);
  const behind = words(known) !== words(part);
  if (behind && !busy) return false;
  const marks = elements(part, ".siblings");
  if (known.matches("[data-choices]") && marks.length > 0 && !busy) return false;
  swapMarks(known, marks[0] ?? null);
  // Its own words stand there until the person is done; then it gets the others.
  known.toggleAttribute("data-behind", behind);
  const next = part.dataset["version"] ?? "";
  known.dataset["version"] = behind ? `${words(known)}-${next.split("-")[1] ?? ""}` : next;
  return true;
}

/** @param {HTMLElement} row @param {HTMLElement | null} mark */
function swapMarks(row, mark) {
  for (const acts of elements(row, ".msg__acts")) {
    acts.querySelector(".siblings")?.remove();
    if (mark) acts.prepend(mark.cloneNode(true));
  }
}

/** Whether the person is at something in a row: an edit, or an answer that they asked for. @param {HTMLElement} row */
function isBusy(row) {
  if (row.querySelector("form")) return true;
  const live = row.matches(LIVE) || row.querySelector(LIVE) !== null;
  return live && !row.hasAttribute("data-elsewhere");
}

/** @param {HTMLElement} transcript */
function focusNear(transcript) {
  const region = transcript.closest("[tabindex]");
  if (region instanceof HTMLElement) region.focus({ preventScroll: true });
}

// -- what the person is told -------------------------------------------------------------------------------------------

/** @param {Wish} wish */
function offer({ tip, by }) {
  if (!tip) return;
  const sentence = by
    ? interpolate(gettext("%(name)s wrote on another branch."), { name: by })
    : gettext("There is something new on another branch.");
  bar(sentence, { label: gettext("Show it"), run: () => void show({ tip, mine: true }) });
}

function otherColumns() {
  const sentence = gettext("The columns of this conversation were changed elsewhere.");
  bar(sentence, { label: gettext("Reload"), run: () => location.reload() });
}

function gone() {
  const sentence = gettext("This conversation is not there any more, or is not shown to you any more.");
  bar(sentence, { label: gettext("Go to my conversations"), run: () => location.assign("/") });
}

/** A quiet line above the composer; there is one at most. @param {string} sentence @param {{label: string, run: () => void}} action */
function bar(sentence, action) {
  document.querySelector("[data-elsewhere-bar]")?.remove();
  const act = make("button", { type: "button", class: "btn btn--small" }, action.label);
  const close = make("button", { type: "button", class: "iconbtn iconbtn--small" }, icon("x", "small"));
  close.setAttribute("aria-label", gettext("Dismiss"));
  const line = make("div", { class: "elsewhere", role: "status", "data-elsewhere-bar": "" }, icon("branch"));
  line.append(make("p", {}, sentence), act, close);
  act.addEventListener("click", () => {
    line.remove();
    action.run();
  });
  close.addEventListener("click", () => line.remove());
  document.querySelector(".composer__in")?.prepend(line);
}
