// @ts-check
/** The list of events: keys move through it, an open event is in the address, and a live stream adds to its end. */
import { delegate, elements, fresh } from "../dom.js";
import { insert } from "../fragments.js";
import { get } from "../request.js";

/** Rows that a live list keeps on the page; earlier ones can be fetched again. */
const MOST_ROWS = 600;
/** So near to its end a list follows what comes, in px. */
const NEAR_END = 80;

export function start() {
  delegate("keydown", "[data-event-list] summary", (summary, event) => {
    const to = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const stops = elements(summary.closest("[data-event-list]") ?? document, "summary, [data-event-more]").filter(
      (each) => each.matches("[data-event-more]") || each.closest("li.event") === each.parentElement?.parentElement,
    );
    const at = Math.min(Math.max(stops.indexOf(summary) + to, 0), stops.length - 1);
    focus(stops[at]);
  });
  delegate("keydown", "[data-event-more]", (button, event) => {
    const row = button.closest("li");
    const next = event.key === "ArrowUp" ? row?.previousElementSibling : event.key === "ArrowDown" ? row?.nextElementSibling : null;
    if (!next) return;
    event.preventDefault();
    focus(next.querySelector("summary"));
  });
}

/** @param {Element | null | undefined} element */
function focus(element) {
  if (!(element instanceof HTMLElement)) return;
  const list = element.closest("[data-event-list]");
  for (const summary of elements(list ?? document, "li.event > details > summary")) summary.tabIndex = -1;
  element.tabIndex = 0;
  element.focus();
}

/** One row is in the tab order; the one that a link names is opened and brought into sight. @param {ParentNode} root */
export function bind(root) {
  for (const list of fresh(root, "[data-event-list]")) {
    const summaries = elements(list, "li.event > details > summary");
    for (const [at, summary] of summaries.entries()) summary.tabIndex = at === 0 ? 0 : -1;
    const named = list.querySelector("details[data-open-me]");
    if (named instanceof HTMLDetailsElement) open(named);
  }
  for (const row of fresh(root, "li.event", "order")) {
    const summary = row.querySelector("summary");
    if (summary && row.parentElement?.querySelector('summary[tabindex="0"]')) summary.tabIndex = -1;
  }
}

/** @param {HTMLDetailsElement} details */
function open(details) {
  details.open = true;
  showRow(details);
  focus(details.querySelector("summary"));
}

/** Bring a row of the list into sight; the page around the list does not move. @param {HTMLElement} row */
export function showRow(row) {
  const scroll = row.closest("[data-event-scroll]");
  if (!scroll) return;
  const top = row.getBoundingClientRect().top - scroll.getBoundingClientRect().top;
  if (top < 30 || top > scroll.clientHeight - 40) scroll.scrollTop += top - scroll.clientHeight / 3;
}

/** The number of the event that stands open last, "" for none. @param {ParentNode} panel */
export function openEvent(panel) {
  const last = elements(panel, "li.event:has(> details[open])").at(-1);
  return last?.dataset["event"] ?? "";
}

/** How the list is filtered, as the query of its address. @param {ParentNode} panel */
export function filterOf(panel) {
  const kind = panel.querySelector("[data-event-kind]");
  const text = panel.querySelector('[data-events] [name="q"]');
  const query = new URLSearchParams();
  if (kind instanceof HTMLInputElement && kind.value) query.set("kind", kind.value);
  if (text instanceof HTMLInputElement && text.value) query.set("q", text.value);
  return query.size ? `?${query}` : "";
}

/** Add what came since to the list of a live stream. @param {ParentNode} panel @param {AbortSignal} signal */
export async function addNews(panel, signal) {
  const part = panel.querySelector("[data-news]");
  const list = panel.querySelector("[data-event-list]");
  if (!(part instanceof HTMLElement) || !(list instanceof HTMLElement)) return false;
  const last = elements(list, "[data-event]").at(-1)?.dataset["event"] ?? "0";
  // While more rows wait behind the last one shown, only the figures are brought up to date.
  const waits = list.querySelector('[data-event-more="later"]') !== null;
  const result = await get(`${part.dataset["news"]}&after=${last}`, signal);
  if (!result.ok || !list.isConnected) return result.aborted;
  const template = document.createElement("template");
  template.innerHTML = result.html;
  for (const name of ["facts", "track"]) renew(panel, template.content, name);
  renew(panel, template.content, "chips");
  const rows = template.content.querySelector('[data-news-of="rows"]');
  rows?.querySelector('[data-event-more="earlier"]')?.closest("li")?.remove();
  if (rows && !waits) append(list, rows.innerHTML);
  return true;
}

/** @param {ParentNode} panel @param {ParentNode} news @param {string} name */
function renew(panel, news, name) {
  const now = panel.querySelector(`[data-news-of="${name}"]`);
  const next = news.querySelector(`[data-news-of="${name}"]`);
  if (!now || !next || now.contains(document.activeElement)) return;
  if (now.innerHTML === next.innerHTML) return;
  insert(now, next.innerHTML, "innerHTML");
}

/** @param {HTMLElement} list @param {string} html */
function append(list, html) {
  const scroll = list.closest("[data-event-scroll]");
  const follows = scroll && scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_END;
  insert(list, html, "beforeend");
  if (!scroll || !follows) return;
  const rows = elements(list, "li.event");
  for (const row of rows.slice(0, Math.max(0, rows.length - MOST_ROWS))) row.remove();
  scroll.scrollTop = scroll.scrollHeight;
}
