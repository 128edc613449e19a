// @ts-check
/** Saved results: the dialog that lists, adds, changes and deletes them, and "Save as mock" beside a call. */
import { delegate, elements, part } from "../dom.js";
import { ask } from "../dialog.js";
import { gettext } from "../i18n.js";
import { get, post } from "../request.js";
import { toast } from "../toasts.js";
import { sentenceOf } from "./sentence.js";

export function start() {
  delegate("click", '[data-dialog-open="#tool-mocks"]', () => void load());
  delegate("submit", "form[data-mock-form]", (form, event) => {
    event.preventDefault();
    void save(/** @type {HTMLFormElement} */ (form));
  });
  delegate("input", "form[data-mock-form]", (form) => (form.dataset["changed"] = ""));
  delegate("click", "[data-mock-delete]", (button) => void remove(button));
  delegate("click", "[data-result-save]", (button) => void saveBeside(button));
}

function dialog() {
  return part(document, "[data-mocks]");
}

async function load() {
  const result = await get(dialog().dataset["mocks"] ?? "");
  if (result.ok) show(result.html);
  else toast(result.problem, "bad");
}

/** Show the list as it is now; a form somebody is writing in stays as it is. @param {string} html */
function show(html) {
  const list = part(document, "[data-mocks-list]");
  const template = document.createElement("template");
  template.innerHTML = html;
  const old = new Map(elements(list, "[data-mock]").map((each) => [each.dataset["mock"], each]));
  const entries = [...template.content.querySelectorAll("[data-mock]")].map((entry) => {
    const before = old.get(entry.getAttribute("data-mock") ?? "");
    if (before?.querySelector("[data-changed]")) return before;
    if (before?.hasAttribute("open")) entry.setAttribute("open", "");
    return entry;
  });
  list.replaceChildren(...entries);
}

/** @param {HTMLFormElement} form */
async function save(form) {
  const problem = part(form, "[data-mock-problem]");
  const result = await post(form.dataset["mockForm"] ?? "", new FormData(form));
  problem.hidden = result.ok;
  if (!result.ok) {
    problem.textContent = result.status === 422 ? sentenceOf(result.html) : result.problem;
    return;
  }
  delete form.dataset["changed"];
  const entry = form.closest("[data-mock]");
  entry?.removeAttribute("open");
  show(result.html);
  toast(gettext("The mock is saved."), "good");
}

/** @param {HTMLElement} button */
async function remove(button) {
  if (!(await ask({ text: gettext("Delete this mock?") }))) return;
  const result = await post(button.dataset["mockDelete"] ?? "");
  if (!result.ok) return toast(result.problem, "bad");
  show(result.html);
}

/** @param {HTMLElement} button */
async function saveBeside(button) {
  const call = button.closest("[data-tool-call]");
  const text = call?.querySelector("[data-result-text]");
  if (!(call instanceof HTMLElement) || !(text instanceof HTMLTextAreaElement)) return;
  const fields = { match: "exact", arguments: call.dataset["arguments"] ?? "", result: text.value };
  const body = new URLSearchParams({ name: call.dataset["toolName"] ?? "", ...fields });
  button.setAttribute("aria-busy", "true");
  const result = await post("/tools/mocks/new/", body);
  button.removeAttribute("aria-busy");
  if (!result.ok) return toast(result.status === 422 ? sentenceOf(result.html) : result.problem, "bad");
  show(result.html);
  toast(gettext("Saved: calls with these arguments will be offered this result."), "good");
}
