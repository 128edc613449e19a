// @ts-check
/** Which tool must be called, and whether several may be at once: `tool_choice`, `parallel_tool_calls`, `function_call`. */
import { make } from "../dom.js";
import { gettext, interpolate } from "../i18n.js";
import { sameJson } from "../json_text.js";
import { parameterSource, writeParameter } from "./rows.js";

const WORDS = { tools: ["none", "auto", "required"], functions: ["none", "auto"] };

/** @param {"tools" | "functions"} kind */
export function choiceName(kind) {
  return kind === "tools" ? "tool_choice" : "function_call";
}

/** @param {"tools" | "functions"} kind @param {string} name */
function named(kind, name) {
  const inner = `{"name": ${JSON.stringify(name)}}`;
  return kind === "tools" ? `{"type": "function", "function": ${inner}}` : inner;
}

/**
 * Offer the words of the API and every function by its name; what stands in the row and is neither is offered as it is.
 * @param {HTMLSelectElement} select @param {"tools" | "functions"} kind @param {readonly string[]} names
 */
export function showChoice(select, kind, names) {
  const now = parameterSource(choiceName(kind));
  const offered = new Map([["", gettext("Not sent")]]);
  for (const word of WORDS[kind]) offered.set(JSON.stringify(word), word);
  for (const name of names) offered.set(named(kind, name), interpolate(gettext("%(name)s, and no other"), { name }));
  const same = [...offered.keys()].find((source) => sameJson(source, now));
  if (same === undefined) offered.set(now, now);
  select.replaceChildren(...[...offered].map(([source, label]) => make("option", { value: source }, label)));
  select.value = same ?? now;
}

/** @param {HTMLSelectElement} select @param {"tools" | "functions"} kind */
export function takeChoice(select, kind) {
  writeParameter(choiceName(kind), select.value);
}

/** @param {HTMLSelectElement} select */
export function showParallel(select) {
  const now = parameterSource("parallel_tool_calls");
  if (![...select.options].some((option) => option.value === now)) select.append(make("option", { value: now }, now));
  select.value = now;
}

/** @param {HTMLSelectElement} select */
export function takeParallel(select) {
  writeParameter("parallel_tool_calls", select.value);
}
