// @ts-check
/** Saying a message differently, in its place: its text and what is attached to it. What was said stays as an alternative. */
import { chipsOf } from "./attach/chip.js";
import { Strip } from "./attach/strip.js";
import { NOTHING_SAID, run, sentenceOf } from "./branches.js";
import { delegate, make } from "./dom.js";
import { gettext } from "./i18n.js";
import { editAsJson } from "./message_json.js";
import { post } from "./request.js";
import { toast } from "./toasts.js";
import { columnOf, messageBeside, replaceFrom } from "./transcripts.js";

/** @typedef {{role: string, name: string, tool_call_id: string, parts: import("./attach/chip.js").Part[]}} Written */

export function start() {
  delegate("click", "[data-edit]", (button) => {
    const article = button.closest("[data-message]");
    if (!(article instanceof HTMLElement) || article.querySelector("form.msg__edit")) return;
    // Where its text and attachments are not all there is, only its JSON says everything.
    if (article.dataset["written"]) edit(article, button);
    else void editAsJson(article);
  });
}

/** @param {HTMLElement} article @param {HTMLElement} button */
function edit(article, button) {
  const body = article.querySelector(".msg__body");
  const source = article.querySelector("[data-source]");
  if (!(body instanceof HTMLElement) || !source) return;
  const written = /** @type {Written} */ (JSON.parse(article.dataset["written"] ?? "{}"));
  const field = /** @type {HTMLTextAreaElement} */ (
    make("textarea", { class: "field", rows: "3", dir: "auto", "aria-label": gettext("Edited message") })
  );
  field.value = source.textContent ?? "";
  const list = make("ul", { class: "attach__chips", "aria-label": gettext("Attachments of this message") });
  const { uploadUrl = "", addressUrl = "" } = attachUrls();
  const strip = new Strip(list, { upload: uploadUrl, address: addressUrl }, () => {});
  strip.show(chipsOf(written.parts));
  const save = button_("btn btn--small", gettext("Save"));
  const go = button_("btn btn--primary btn--small", gettext("Save and run"), "submit");
  const cancel = button_("btn btn--small", gettext("Cancel"));
  const form = make("form", { class: "msg__edit" }, list, field, make("div", { class: "msg__edit-acts" }, cancel, save, go));
  const close = () => {
    form.remove();
    body.removeAttribute("data-editing");
    button.focus({ preventScroll: true });
  };
  const fields = () => ({
    ...NOTHING_SAID,
    ...{ role: written.role, name: written.name, tool_call_id: written.tool_call_id },
    beside: article.dataset["message"] ?? "",
    message: field.value,
    parts: strip.parts.length > 0 ? JSON.stringify(strip.parts) : "",
  });
  cancel.addEventListener("click", close);
  save.addEventListener("click", () => void saveBeside(save, fields()));
  form.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    strip.addFiles(files);
  });
  form.addEventListener("keydown", (event) => keys(event, close, go));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void strip.ready().then((ready) => ready && run(go, article.dataset["message"] ?? "", fields()));
  });
  body.setAttribute("data-editing", "");
  body.append(form);
  field.focus();
}

/** @param {KeyboardEvent} event @param {() => void} close @param {HTMLElement} go */
function keys(event, close, go) {
  if (event.isComposing) return;
  if (event.key === "Escape") close();
  else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) go.click();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/**
 * Keep a message beside the one that an element belongs to, without running.
 * @param {HTMLElement} element in its article @param {Record<string, string>} fields with `beside`
 * @returns {Promise<boolean>}
 */
export async function saveBeside(element, fields) {
  const column = columnOf(element);
  const body = new URLSearchParams({ ...fields, ...(column ? { column } : {}) });
  element.setAttribute("aria-busy", "true");
  const result = await post(addUrl(), body);
  element.removeAttribute("aria-busy");
  if (!result.ok) {
    toast(result.status === 422 ? sentenceOf(result.html) : result.problem, "bad");
    return false;
  }
  const place = messageBeside(element, fields["beside"] ?? "");
  if (place) replaceFrom(place, result.html);
  document.dispatchEvent(new Event("message:added"));
  return true;
}

/** Where a message is posted that nothing answers. */
export function addUrl() {
  const button = document.querySelector("form[data-composer] [data-add]");
  return button instanceof HTMLElement ? (button.dataset["add"] ?? "") : "";
}

function attachUrls() {
  const place = document.querySelector("form[data-composer] [data-attach]");
  return place instanceof HTMLElement ? place.dataset : {};
}

/** @param {string} look @param {string} text @param {string} [type] */
function button_(look, text, type = "button") {
  return make("button", { type, class: look }, text);
}
