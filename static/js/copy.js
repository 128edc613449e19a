// @ts-check
/**
 * Copy buttons. `data-copy="#selector"` copies that element's text or value, `data-copy-from` what an address answers,
 * `data-copy-code` the block of code around the button, `data-copy-answer` the source of the message around it (`data-copy-shared` in a snapshot),
 * `data-copy-conversation` all messages as Markdown.
 */
import { foreground } from "./dialog.js";
import { delegate } from "./dom.js";
import { gettext } from "./i18n.js";
import { icon } from "./icons.js";
import { get } from "./request.js";
import { toast } from "./toasts.js";

const MARK_MS = 1_500;

export function start() {
  delegate("click", "[data-copy]", (button) => {
    void copy(button, textOf(document.querySelector(button.dataset["copy"] ?? "")));
  });
  delegate("click", "[data-copy-from]", (button) => void copyFrom(button));
  delegate("click", "[data-copy-code]", (button) => {
    void copy(button, textOf(button.parentElement?.parentElement?.querySelector("pre > code") ?? null));
  });
  delegate("click", "[data-copy-conversation]", (button) => void copy(button, conversationText()));
  delegate("click", "[data-print]", () => window.print());
  delegate("click", "[data-copy-shared]", (button) => {
    void copy(button, textOf(button.closest("article")?.querySelector("[data-source]") ?? null));
  });
  delegate("click", "[data-copy-answer]", (button) => {
    void copy(button, textOf(button.closest("[data-message]")?.querySelector("[data-source]") ?? null));
  });
}

/** The loaded messages, each under its role: what several columns have in common first, then what each has alone. */
function conversationText() {
  const title = document.querySelector("[data-title]")?.textContent?.trim() ?? "";
  const branches = [...document.querySelectorAll("[data-transcript]")].map((list) => [...list.querySelectorAll("[data-message]")]);
  const [first = [], ...others] = branches;
  const common = others.length === 0 ? first : first.slice(0, alike(branches));
  const parts = [...(title ? [`# ${title}`] : []), ...common.flatMap(messageText)];
  if (others.length > 0) {
    branches.forEach((branch, at) => {
      const own = branch.slice(common.length).flatMap(messageText);
      if (own.length > 0) parts.push(`# ${columnName(at)}`, ...own);
    });
  }
  return `${parts.join("\n\n")}\n`;
}

/** How many messages all branches begin with. @param {Element[][]} branches */
function alike([first = [], ...others]) {
  const differs = first.findIndex((message, at) => others.some((branch) => idOf(branch[at]) !== idOf(message)));
  return differs < 0 ? first.length : differs;
}

/** @param {Element | undefined} message */
function idOf(message) {
  return message?.getAttribute("data-message");
}

/** @param {Element} message @returns {string[]} */
function messageText(message) {
  const text = message.querySelector("[data-source]")?.textContent ?? "";
  return text ? [`## ${message.getAttribute("data-role")}`, text] : [];
}

/** @param {number} at */
function columnName(at) {
  const column = document.querySelectorAll("section[data-column]")[at];
  const letter = column?.getAttribute("data-letter") ?? "";
  const model = column?.querySelector(".col__name")?.getAttribute("data-model") ?? "";
  return model ? `${letter} · ${model}` : letter;
}

/** @param {Element | null} element */
function textOf(element) {
  if (element instanceof HTMLInputElement || element instanceof HTMLTextAreaElement) return element.value;
  return element?.textContent ?? "";
}

/** Fetch a text that is too large to lie in the page twice, and copy it. @param {HTMLElement} button */
async function copyFrom(button) {
  button.setAttribute("aria-busy", "true");
  const result = await get(button.dataset["copyFrom"] ?? "");
  button.removeAttribute("aria-busy");
  if (result.ok) await copy(button, result.html);
  else toast(result.problem, "bad");
}

/** @param {HTMLElement} button @param {string} text */
export async function copy(button, text) {
  try {
    await write(text);
  } catch (error) {
    console.warn("Copying was refused.", error);
    return toast(gettext("The browser does not let this page copy. Select the text and copy it yourself."), "bad");
  }
  mark(button);
}

/** @param {string} text */
async function write(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  // A page over plain HTTP has no clipboard API.
  const focused = document.activeElement;
  const field = document.createElement("textarea");
  field.value = text;
  field.setAttribute("aria-hidden", "true");
  foreground().append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
  if (!done) throw new Error("execCommand copy was refused");
}

/** A tick instead of the icon for a moment, and a word for who does not see it. @param {HTMLElement} button */
function mark(button) {
  const before = button.querySelector("svg");
  if (!before || button.dataset["copied"] !== undefined) return;
  const name = button.getAttribute("aria-label");
  const words = [...button.childNodes].find((node) => node instanceof Text && node.data.trim() !== "");
  const said = words?.nodeValue ?? "";
  const tick = icon("check", before.classList.contains("icon--small") ? "small" : "");
  button.style.minInlineSize = `${button.getBoundingClientRect().width}px`;
  before.replaceWith(tick);
  button.dataset["copied"] = "";
  // Where words are seen, they are the name.
  if (words) words.nodeValue = gettext("Copied");
  if (!words || name !== null) button.setAttribute("aria-label", gettext("Copied"));
  setTimeout(() => {
    tick.replaceWith(before);
    button.style.removeProperty("min-inline-size");
    delete button.dataset["copied"];
    if (words) words.nodeValue = said;
    if (name === null) button.removeAttribute("aria-label");
    else button.setAttribute("aria-label", name);
  }, MARK_MS);
}
