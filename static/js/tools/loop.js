// @ts-check
/**
 * The switch "Auto-mock" of a column and where its loop stands. Wherever the switch is shown it says the same; while the
 * loop answers, a line above the composer says so too and can stop it.
 */
import { debounced, delegate, elements, fresh, make, part } from "../dom.js";
import { gettext } from "../i18n.js";
import { icon } from "../icons.js";
import { get, post } from "../request.js";
import { toast } from "../toasts.js";

const REFRESH_MS = 100;
const TELLING = new Set(["answering", "waiting", "limit", "failed", "stopped", "done"]);

/** Whether the loop moved since this page last sent something: how it ended long ago is no news. */
let moved = false;

export function start() {
  delegate("change", "[data-tool-loop] input", (field) => {
    const loop = field.closest("[data-tool-loop]");
    if (loop instanceof HTMLElement) void set(loop, on(loop));
  });
  // A number is taken over with Enter; the form around it may send something else.
  delegate("keydown", "[data-loop-most]", (field, event) => {
    if (/** @type {KeyboardEvent} */ (event).key !== "Enter") return;
    event.preventDefault();
    event.stopPropagation();
    field.blur();
  });
  delegate("click", "[data-loop-stop]", (button) => void stop(button));
  delegate("click", '[data-dialog-open="#tools-editor"]', () => refresh());
  document.addEventListener("loop:moved", () => {
    moved = true;
    refresh();
  });
  document.addEventListener("run:started", () => {
    moved = false;
    document.querySelector('[data-loopbar]:not([data-state="answering"])')?.remove();
  });
  document.addEventListener("exchange:ended", () => {
    if (elements(document, '[data-loop-state]:not([data-loop-state=""]), [data-loopbar]').length) refresh();
  });
}

/** @param {ParentNode} root */
export function bind(root) {
  for (const loop of fresh(root, "[data-tool-loop]")) {
    if (loop.dataset["loopState"] === undefined) void load(loop);
    else tell(loop);
  }
}

/** @param {HTMLElement} loop */
function on(loop) {
  const field = loop.querySelector("[data-loop-on]");
  return field instanceof HTMLInputElement && field.checked;
}

/** The column a switch is about: its own, or the one whose settings the page edits. @param {HTMLElement} loop */
function columnOf(loop) {
  const edited = document.querySelector("form[data-composer] input[name='column']");
  return loop.dataset["column"] || (edited instanceof HTMLInputElement ? edited.value : "");
}

/** @param {HTMLElement} loop */
function urlOf(loop) {
  const { toolLoop = "" } = loop.dataset;
  const column = columnOf(loop);
  return column ? `${toolLoop}?column=${encodeURIComponent(column)}` : toolLoop;
}

/** @param {HTMLElement} loop */
async function load(loop) {
  const result = await get(urlOf(loop));
  if (result.ok) show(loop, result.html);
}

/** @param {HTMLElement} loop @param {boolean} isOn */
async function set(loop, isOn) {
  const most = loop.querySelector("[data-loop-most]");
  const body = new URLSearchParams({ column: columnOf(loop) });
  if (isOn) body.set("on", "on");
  if (most instanceof HTMLInputElement) body.set("most", most.value);
  const result = await post(loop.dataset["toolLoop"] ?? "", body);
  if (!result.ok) return toast(result.problem, "bad");
  for (const each of elements(document, "[data-tool-loop]")) {
    if (each === loop || columnOf(each) === columnOf(loop) || !columnOf(each) || !columnOf(loop)) show(each, result.html);
  }
}

/** Put what the server says in place; the field that has the focus keeps it. @param {HTMLElement} loop @param {string} html */
function show(loop, html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  const said = template.content.querySelector("[data-tool-loop]");
  if (!(said instanceof HTMLElement)) return;
  if (!loop.querySelector("[data-loop-on]")) loop.replaceChildren(...said.childNodes);
  else {
    /** @type {HTMLInputElement} */ (part(loop, "[data-loop-on]")).checked = on(said);
    const most = /** @type {HTMLInputElement} */ (part(loop, "[data-loop-most]"));
    const told = /** @type {HTMLInputElement} */ (part(said, "[data-loop-most]")).getAttribute("value") ?? "";
    if (document.activeElement !== most) most.value = told;
    const sentence = part(said, "[data-loop-sentence]").textContent ?? "";
    part(loop, "[data-loop-sentence]").textContent = sentence;
  }
  loop.dataset["loopState"] = said.dataset["loopState"] ?? "";
  tell(loop);
}

const refresh = debounced(REFRESH_MS, () => {
  const shown = elements(document, "[data-tool-loop]");
  for (const loop of shown) void load(loop);
});

/** Say above the composer where the loop stands. @param {HTMLElement} loop */
function tell(loop) {
  const state = loop.dataset["loopState"] ?? "";
  const sentence = loop.querySelector("[data-loop-sentence]")?.textContent ?? "";
  const bar = document.querySelector("[data-loopbar]");
  const isNews = moved || state === "answering" || (state === "waiting" && document.querySelector("form[data-results]") !== null);
  if (!TELLING.has(state) || !sentence || !isNews) return bar?.remove();
  const place = document.querySelector("form[data-composer]");
  if (!place) return;
  const shown = bar ?? make("div", { class: "loopbar", role: "status", "data-loopbar": "" });
  const column = columnOf(loop);
  const stopIt = make(
    "button",
    { type: "button", class: "btn btn--small", "data-loop-stop": loop.dataset["toolLoop"] ?? "", "data-column": column },
    icon("stop", "small"),
    gettext("Stop auto-mock"),
  );
  const parts = [icon(state === "answering" ? "again" : state === "done" ? "check" : "info", "small"), make("span", {}, sentence)];
  shown.setAttribute("data-state", state);
  shown.replaceChildren(...parts, ...(state === "answering" ? [stopIt] : []));
  if (!bar) place.prepend(shown);
}

/** Switch the loop off, and stop what it has under way. @param {HTMLElement} button */
async function stop(button) {
  const { loopStop = "", column = "" } = button.dataset;
  button.setAttribute("aria-busy", "true");
  const result = await post(loopStop, new URLSearchParams({ column }));
  button.removeAttribute("aria-busy");
  if (!result.ok) return toast(result.problem, "bad");
  for (const loop of elements(document, "[data-tool-loop]")) show(loop, result.html);
  document.querySelector("[data-loopbar]")?.remove();
  const live = document.querySelector("[data-stop]");
  if (live instanceof HTMLElement && !live.hidden) live.click();
}
