// @ts-check
/** Alternatives in the tree: answer again, say it differently, look at another branch. Nothing that was said goes away. */
import { delegate } from "./dom.js";
import { randomId } from "./drafts.js";
import { gettext, interpolate } from "./i18n.js";
import { readyToRun } from "./ready.js";
import { LIVE } from "./reply.js";
import { post } from "./request.js";
import { toast } from "./toasts.js";
import { addMessages, columnOf, messageBeside, replaceFrom, transcriptOf } from "./transcripts.js";

const SECOND_MS = 1_000;
/** What the composer holds is no part of a run that another message begins. */
export const NOTHING_SAID = { message: "", parts: "", role: "", name: "", tool_call_id: "", raw: "" };

/** A wish to run keeps its UUID until the server took it: a second press is the same run. @type {Map<string, string>} */
const wanted = new Map();

export function start() {
  delegate("click", "[data-again]", (button) => {
    const seconds = Number(button.dataset["wait"] ?? 0);
    if (button.dataset["waiting"]) stopWaiting(button);
    else if (seconds > 0) wait(button, Math.ceil(seconds));
    else void again(button);
  });
  delegate("click", "[data-show-branch]", (button) => void showBranch(button));
}

/** @param {HTMLElement} button */
async function again(button) {
  const id = button.dataset["again"] ?? "";
  await run(button, id, { ...NOTHING_SAID, again: id });
}

/**
 * Post a run whose messages take the place of what is shown from one message on; in a column, of that column alone.
 * @param {HTMLElement} button @param {string} message its id, "" to go on at the end @param {Record<string, string>} fields
 */
export async function run(button, message, fields) {
  const form = document.querySelector("form[data-composer]");
  if (!(form instanceof HTMLFormElement) || button.getAttribute("aria-busy") === "true") return false;
  if (transcriptOf(button)?.querySelector(LIVE)) {
    toast(gettext("An answer is still streaming: wait for it, or stop it first."));
    return false;
  }
  if (!(await readyToRun())) return false;
  const body = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === "string") body.set(name, value);
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  if (columnOf(button)) body.set("columns", columnOf(button));
  const wish = body.toString();
  const id = wanted.get(wish) ?? randomId();
  wanted.set(wish, id);
  button.setAttribute("aria-busy", "true");
  const result = await post(`${form.dataset["runUrl"]}${id}/`, body);
  button.removeAttribute("aria-busy");
  if (!result.ok) {
    const problem = result.status === 422 ? sentenceOf(result.html) : result.problem;
    toast(problem, "bad");
    return false;
  }
  wanted.delete(wish);
  const place = message && messageBeside(button, message);
  if (place) replaceFrom(place, result.html);
  else addMessages(result.html);
  document.dispatchEvent(new Event("run:started"));
  return true;
}

/** The sentences of a fragment that says what is wrong. @param {string} html */
export function sentenceOf(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return (template.content.textContent ?? "").trim().replace(/\s+/g, " ");
}

/** Count down to the moment the provider asked to wait for; a second press gives up. @param {HTMLElement} button @param {number} seconds */
function wait(button, seconds) {
  const label = button.querySelector("span");
  if (!label) return;
  const text = label.textContent ?? "";
  button.dataset["label"] = text;
  let left = seconds;
  const show = () => {
    label.textContent = interpolate(gettext("Trying again in %(seconds)s s · press to cancel"), { seconds: left });
  };
  show();
  const timer = setInterval(() => {
    left -= 1;
    if (left > 0) return show();
    stopWaiting(button);
    button.removeAttribute("data-wait");
    void again(button);
  }, SECOND_MS);
  button.dataset["waiting"] = String(timer);
}

/** @param {HTMLElement} button */
function stopWaiting(button) {
  clearInterval(Number(button.dataset["waiting"]));
  delete button.dataset["waiting"];
  const label = button.querySelector("span");
  if (label) label.textContent = button.dataset["label"] ?? "";
}

/** @param {HTMLElement} button */
async function showBranch(button) {
  const href = button.dataset["showBranch"];
  const article = button.closest("[data-message]");
  if (!href || !article) return;
  const wayBack = button.getAttribute("aria-label");
  const column = columnOf(button);
  const transcript = transcriptOf(button);
  const result = await post(href, new URLSearchParams(column ? { column } : {}));
  if (!result.ok) return toast(result.problem, "bad");
  const id = href.split("/").at(-2) ?? "";
  replaceFrom(article, result.html);
  document.dispatchEvent(new Event("branch:shown"));
  // The keyboard stays where it was, so that a person can go on through the alternatives.
  const shown = transcript && messageBeside(transcript, id);
  const buttons = [...(shown?.querySelectorAll("[data-show-branch]") ?? [])];
  const same = buttons.find((each) => each.getAttribute("aria-label") === wayBack && !each.hasAttribute("disabled"));
  const focus = same ?? buttons.find((each) => !each.hasAttribute("disabled"));
  if (focus instanceof HTMLElement) focus.focus({ preventScroll: true });
}
