// @ts-check
/**
 * The tool calls of an answer that has come: arguments laid out and compared with the schema they were offered with, and,
 * while nothing follows, a box for the result of each.
 */
import { elements, fresh, make } from "../dom.js";
import { insert } from "../fragments.js";
import { gettext } from "../i18n.js";
import { icon } from "../icons.js";
import { laidOut, valueOf } from "../json_text.js";
import { LIVE } from "../reply.js";
import { get } from "../request.js";
import { faultList, loadValidator } from "../structured/faults.js";
import { schemasOf } from "../structured/schemas.js";
import { refreshFollowing } from "./following.js";

/** Characters of arguments that are left on their one line. */
const ONE_LINE = 60;
const ENDED = "article[data-exchange]:has([data-tool-call])";

export function start() {
  document.addEventListener("exchange:ended", (event) => {
    const { exchange } = /** @type {CustomEvent<{exchange: string}>} */ (event).detail;
    for (const article of elements(document, `article[data-exchange="${CSS.escape(exchange)}"]`)) {
      if (article.querySelector("[data-tool-call]")) void show(article);
    }
  });
}

/** @param {ParentNode} root */
export function bind(root) {
  for (const article of fresh(root, ENDED, "calls")) if (!article.matches(LIVE)) void show(article);
  // What was fetched into an article that was bound before.
  for (const call of fresh(root, "[data-results] [data-tool-call]", "call")) {
    const article = call.closest("article");
    if (article instanceof HTMLElement) void showCall(article, call);
  }
}

/** @param {HTMLElement} article */
async function show(article) {
  const asks = article.dataset["state"] === "completed" && document.querySelector("form[data-composer]") !== null;
  if (asks && isLast(article)) {
    if (await askForResults(article)) return;
  }
  for (const call of elements(article, "[data-tool-call]")) void showCall(article, call);
}

/** Whether nothing follows an answer on the page. @param {HTMLElement} article */
export function isLast(article) {
  const list = article.closest("[data-transcript]");
  const entry = article.closest("[data-choices]") ?? article;
  if (article.dataset["picked"] === "false" || entry.parentElement !== list) return false;
  for (let next = entry.nextElementSibling; next; next = next.nextElementSibling) {
    if (next.matches("[data-message], [data-choices]")) return false;
  }
  return true;
}

/** Put the boxes for results in; false where there are none to fill. @param {HTMLElement} article */
async function askForResults(article) {
  const place = article.querySelector("[data-tool-calls]");
  const { exchange = "", choice = "0" } = article.dataset;
  if (!place || place.querySelector("[data-results]")) return true;
  const result = await get(`/exchanges/${exchange}/calls/${choice}/`);
  if (!result.ok || !article.isConnected) return false;
  if (!result.html) {
    void refreshFollowing(article);
    return false;
  }
  insert(place, result.html.trim(), "innerHTML");
  return true;
}

/** @param {HTMLElement} article @param {HTMLElement} call */
async function showCall(article, call) {
  const code = call.querySelector("pre > code");
  if (!code) return;
  const text = call.dataset["arguments"] ?? code.textContent ?? "";
  call.dataset["arguments"] = text;
  if (text.length > ONE_LINE || text.includes("\n")) code.textContent = laidOut(text);
  const schemas = await schemasOf(article.dataset["exchange"] ?? "");
  const name = call.dataset["toolName"] ?? "";
  const value = valueOf(text);
  if (value === undefined) return say(call, "bad", gettext("These arguments are not valid JSON. They are shown as they came."));
  if (!schemas || !Object.hasOwn(schemas.tools, name)) {
    return schemas ? say(call, "warn", gettext("No tool of this name was offered.")) : undefined;
  }
  const schema = schemas.tools[name];
  if (schema === null || schema === undefined) return;
  const { faultsOf } = await loadValidator();
  const faults = await faultsOf(schema, value);
  if (faults === null) say(call, "warn", gettext("The schema of this tool cannot be used to check the arguments."));
  else if (faults.length) say(call, "bad", gettext("The arguments do not fit the schema."), faultList(faults));
  else say(call, "good", gettext("Fits the schema"));
}

/** @param {HTMLElement} call @param {"good" | "warn" | "bad"} tone @param {string} text @param {HTMLElement} [list] */
function say(call, tone, text, list) {
  call.querySelector("[data-call-state]")?.remove();
  call.querySelector("[data-call-faults]")?.remove();
  const icons = { good: "check", warn: "warn", bad: "bad" };
  const state = make("span", { class: `tool__state tool__state--${tone}`, "data-call-state": tone });
  state.append(icon(icons[tone], "small"), make("span", {}, text));
  call.querySelector(".tool__head")?.append(state);
  if (!list) return;
  list.dataset["callFaults"] = "";
  call.querySelector("pre")?.after(list);
}
