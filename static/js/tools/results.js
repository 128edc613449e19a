// @ts-check
/** The results of tools: typed or picked, kept while they are typed, sent together as the next run. */
import { delegate, elements, fresh, part } from "../dom.js";
import { DraftStore, randomId } from "../drafts.js";
import { gettext } from "../i18n.js";
import { readyToRun } from "../ready.js";
import { LIVE } from "../reply.js";
import { post } from "../request.js";
import { toast } from "../toasts.js";
import { addMessagesTo } from "../transcripts.js";
import { sentenceOf } from "./sentence.js";

/** @type {WeakMap<HTMLElement, string>} the UUID under which a form was posted: a second press is the same run */
const runs = new WeakMap();

export function start() {
  delegate("change", "[data-result-pick]", (select) => pick(/** @type {HTMLSelectElement} */ (select)));
  delegate("input", "[data-result-text]", (field) => {
    const select = field.closest("[data-result]")?.querySelector("[data-result-pick]");
    if (select instanceof HTMLSelectElement) select.value = "";
    keep(field);
  });
  delegate("submit", "form[data-results]", (form, event) => {
    event.preventDefault();
    void send(form);
  });
  delegate("keydown", "form[data-results]", (form, event) => {
    const { key, ctrlKey, metaKey } = /** @type {KeyboardEvent} */ (event);
    if (key !== "Enter" || !(ctrlKey || metaKey)) return;
    event.preventDefault();
    event.stopPropagation();
    void send(form);
  });
}

/** Fields so far: the same calls may stand in several columns, and each label leads to the field beside it. */
let named = 0;

/** @param {HTMLElement} form */
function nameFields(form) {
  for (const box of elements(form, "[data-result]")) {
    const field = part(box, "[data-result-text]");
    const label = part(box, "[data-result-label]");
    field.id = `result-${(named += 1)}`;
    label.setAttribute("for", field.id);
  }
}

/** @param {ParentNode} root */
export function bind(root) {
  for (const form of fresh(root, "form[data-results]")) {
    nameFields(form);
    const kept = draftOf(form).read();
    if (!kept.text) continue;
    /** @type {string[]} */
    const texts = JSON.parse(kept.text);
    fields(form).forEach((field, number) => {
      const text = texts[number];
      if (text === undefined || text === field.value) return;
      field.value = text;
      const select = field.closest("[data-result]")?.querySelector("[data-result-pick]");
      if (select instanceof HTMLSelectElement) select.value = "";
    });
  }
}

/** @param {HTMLElement} form */
function draftOf(form) {
  return new DraftStore(`results:${form.dataset["results"]}`);
}

/** @param {HTMLElement} form */
function fields(form) {
  return /** @type {HTMLTextAreaElement[]} */ (elements(form, "[data-result-text]"));
}

/** @param {HTMLElement} field */
function keep(field) {
  const form = field.closest("form");
  if (!form) return;
  const text = JSON.stringify(fields(form).map((each) => each.value));
  draftOf(form).write({ text, run: "", sent: "" });
}

/** @param {HTMLSelectElement} select */
function pick(select) {
  const field = select.closest("[data-result]")?.querySelector("[data-result-text]");
  const text = select.selectedOptions[0]?.dataset["text"];
  if (!(field instanceof HTMLTextAreaElement) || text === undefined) return;
  field.value = text;
  keep(field);
}

/** @param {HTMLElement} form */
async function send(form) {
  const button = part(form, "[data-results-send]");
  const composer = document.querySelector("form[data-composer]");
  const list = form.closest("[data-transcript]");
  const article = form.closest("[data-message]");
  if (!(composer instanceof HTMLFormElement) || !list || !article || button.getAttribute("aria-busy") === "true") return;
  if (list.querySelector(LIVE)) return toast(gettext("An answer is still streaming: wait for it, or stop it first."));
  button.setAttribute("aria-busy", "true");
  const result = (await readyToRun()) ? await post(urlOf(form), bodyOf(form, composer)) : null;
  button.removeAttribute("aria-busy");
  if (!result) return;
  if (!result.ok) return toast(result.status === 422 ? sentenceOf(result.html) : result.problem, "bad");
  draftOf(form).write({ text: "", run: "", sent: "" });
  settle(form);
  addMessagesTo(list, result.html.trim());
  document.dispatchEvent(new Event("run:started"));
}

/** @param {HTMLElement} form */
function urlOf(form) {
  const run = runs.get(form) ?? randomId();
  runs.set(form, run);
  const { results, resultsConversation } = form.dataset;
  return `/conversations/${resultsConversation}/results/${results}/${run}/`;
}

/** The settings as the page has them now, and the results. @param {HTMLElement} form @param {HTMLFormElement} composer */
function bodyOf(form, composer) {
  const body = new FormData(composer);
  const results = elements(form, "[data-result]").map((box) => ({
    call: Number(box.dataset["result"]),
    content: /** @type {HTMLTextAreaElement} */ (part(box, "[data-result-text]")).value,
  }));
  body.set("results", JSON.stringify(results));
  if (body.has("column")) body.set("columns", form.dataset["resultsColumn"] ?? "");
  return body;
}

/** Leave only the calls once they are answered: the results follow as messages. @param {HTMLElement} form */
export function settle(form) {
  const calls = elements(form, "[data-tool-call]");
  for (const call of calls) call.querySelector("[data-result]")?.remove();
  form.replaceWith(...calls);
}
