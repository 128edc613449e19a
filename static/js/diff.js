// @ts-check
/** What two answers have in common and what not, word by word: of two columns, or of two choices of one exchange. */
import { lastMessage } from "./columns.js";
import { delegate, elements, make } from "./dom.js";
import { gettext, interpolate, language, ngettext } from "./i18n.js";
import { icon } from "./icons.js";
import { toast } from "./toasts.js";

/** @typedef {{name: string, text: string}} Answer */
/** @typedef {typeof import("./diff/words.js")} Words */

export function start() {
  delegate("click", "button[data-diff]", (button) => void open(button));
}

/** @param {HTMLElement} button */
async function open(button) {
  const row = button.closest("[data-choices]");
  const answers = row ? choicesIn(row, "") : answersOfColumns();
  if (answers.length < 2) return toast(gettext("There are no two answers to compare yet."));
  const chosen = document.querySelector("section[data-column][data-chosen]")?.getAttribute("data-letter");
  // On a phone one column is seen: it is compared with the first other one.
  const second = row ? 1 : Math.max(1, answers.findIndex(({ name }) => name.startsWith(`${chosen} `)));
  try {
    show(answers, second, await import("./diff/words.js"));
  } catch (error) {
    console.warn("The comparison could not be loaded.", error);
    toast(gettext("The comparison could not be loaded. Try again, or reload the page."), "bad");
  }
}

/** The last answers of all columns. @returns {Answer[]} */
function answersOfColumns() {
  return elements(document, "section[data-column]").flatMap((column) => {
    const last = lastMessage(column);
    const row = last?.closest("[data-choices]");
    const letter = column.dataset["letter"] ?? "";
    if (row) return choicesIn(row, letter);
    if (last?.dataset["role"] !== "assistant") return [];
    return [{ name: `${letter} · ${last.querySelector(".msg__model")?.textContent ?? ""}`, text: sourceOf(last) }];
  });
}

/** @param {Element} row @param {string} letter of the column, "" for none @returns {Answer[]} */
function choicesIn(row, letter) {
  return elements(row, "[data-message]").map((article) => {
    const choice = interpolate(gettext("choice %(index)s"), { index: article.dataset["choice"] ?? "" });
    return { name: letter ? `${letter} · ${choice}` : choice, text: sourceOf(article) };
  });
}

/** @param {Element} article */
function sourceOf(article) {
  return article.querySelector("[data-source]")?.textContent ?? "";
}

/** @param {Answer[]} answers @param {number} second @param {Words} words */
function show(answers, second, words) {
  document.querySelector("[data-diff-dialog]")?.remove();
  const from = picker(gettext("From"), answers, 0);
  const to = picker(gettext("To"), answers, second);
  const said = make("p", { class: "diff__said", role: "status" });
  const text = make("div", { class: "diff", dir: "auto", tabindex: "0", role: "group", "aria-label": gettext("Differences") });
  const compare = () => fill(text, said, answers[from.selectedIndex], answers[to.selectedIndex], words);
  for (const select of [from, to]) select.addEventListener("change", compare);
  const close = make("button", { class: "iconbtn", type: "button", "data-dialog-close": "" }, icon("x"));
  close.setAttribute("aria-label", gettext("Close"));
  const dialog = make(
    "dialog",
    { class: "dialog diff-dialog", "data-diff-dialog": "", "aria-labelledby": "diff-heading" },
    make("div", { class: "dialog__head" }, make("h2", { id: "diff-heading" }, gettext("Differences by words")), close),
    make("div", { class: "dialog__body" }, make("div", { class: "diff__pick" }, labelled(from), labelled(to)), said, text),
  );
  document.body.append(dialog);
  compare();
  if (dialog instanceof HTMLDialogElement) dialog.showModal();
}

/** @param {string} label @param {Answer[]} answers @param {number} at */
function picker(label, answers, at) {
  const select = document.createElement("select");
  select.className = "field";
  select.setAttribute("aria-label", label);
  select.append(...answers.map(({ name }) => new Option(name)));
  select.selectedIndex = at;
  return select;
}

/** @param {HTMLSelectElement} select */
function labelled(select) {
  const name = make("span", { class: "labelled__label", "aria-hidden": "true" }, select.getAttribute("aria-label") ?? "");
  return make("label", { class: "labelled" }, name, make("span", { class: "pick" }, select, icon("down", "small")));
}

/**
 * @param {HTMLElement} place @param {HTMLElement} said
 * @param {Answer | undefined} before @param {Answer | undefined} after
 * @param {Words} words
 */
function fill(place, said, before, after, words) {
  const pieces = words.changes(before?.text ?? "", after?.text ?? "", language());
  const tags = { same: "span", gone: "del", come: "ins" };
  place.replaceChildren(...pieces.map(({ kind, text }) => make(tags[kind], {}, text)));
  /** @param {"gone" | "come"} wanted */
  const count = (wanted) => {
    const texts = pieces.filter(({ kind }) => kind === wanted).map(({ text }) => words.wordCount(text, language()));
    return texts.reduce((sum, each) => sum + each, 0);
  };
  const [gone, come] = [count("gone"), count("come")];
  const same = pieces.every(({ kind }) => kind === "same");
  said.textContent = same
    ? gettext("Both answers are the same.")
    : `${interpolate(ngettext("%(count)s word removed", "%(count)s words removed", gone), { count: gone })} · ${interpolate(ngettext("%(count)s word inserted", "%(count)s words inserted", come), { count: come })}`;
}
