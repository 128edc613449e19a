// @ts-check
/** Keys that work everywhere on the page, and their list. ⌘ on a Mac, Ctrl elsewhere; never what the browser needs. */
import { delegate, make } from "./dom.js";
import { toggle } from "./drawers.js";
import { openFinder } from "./finder.js";
import { gettext } from "./i18n.js";
import { icon } from "./icons.js";

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);

/** @typedef {{keys: string, does: string}} Line */

/** @returns {Line[]} */
function lines() {
  const mod = MAC ? "⌘" : "Ctrl ";
  const shift = MAC ? "⇧" : "Shift ";
  return [
    { keys: "Enter", does: gettext("Send the message") },
    { keys: `${shift}Enter`, does: gettext("New line") },
    { keys: `${mod}Enter`, does: gettext("Send from anywhere on the page") },
    { keys: "Esc", does: gettext("Stop the answer") },
    { keys: "↑", does: gettext("Recall the last message, in an empty box") },
    { keys: "/", does: gettext("Presets, in an empty box") },
    { keys: "Alt ← →", does: gettext("Other alternatives of the message with the focus") },
    { keys: `${mod}K`, does: gettext("Search conversations") },
    { keys: `${mod}${shift}O`, does: gettext("New chat") },
    { keys: `${mod}B`, does: gettext("Show or hide conversations") },
    { keys: `${mod}/`, does: gettext("This list") },
  ];
}

export function start() {
  document.addEventListener("keydown", (event) => {
    const mod = MAC ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
    if (!mod || event.altKey || event.isComposing || document.querySelector("dialog[open]")) return;
    const run = actionFor(event);
    if (!run) return;
    event.preventDefault();
    run();
  });
  delegate("click", "[data-shortcuts]", showList);
  const hint = document.querySelector("[data-search-open] > kbd");
  if (MAC && hint) hint.textContent = "⌘K";
}

/** @param {KeyboardEvent} event */
function actionFor({ key, shiftKey }) {
  if (shiftKey) return key.toLowerCase() === "o" ? newChat : null;
  switch (key.toLowerCase()) {
    case "k":
      return openFinder;
    case "b":
      return () => toggle("conversations");
    case "/":
      return showList;
    default:
      return null;
  }
}

function newChat() {
  const button = document.querySelector("[data-new-chat]");
  if (button instanceof HTMLElement) button.click();
}

function showList() {
  document.querySelector("[data-shortcut-list]")?.remove();
  const close = make("button", { class: "iconbtn", type: "button", "data-dialog-close": "" }, icon("x"));
  close.setAttribute("aria-label", gettext("Close"));
  const rows = lines().map(({ keys, does }) =>
    make("div", { class: "keys__row" }, make("dt", {}, make("kbd", { class: "key" }, keys)), make("dd", {}, does)),
  );
  const dialog = make(
    "dialog",
    { class: "dialog", "data-shortcut-list": "", "aria-labelledby": "shortcut-list" },
    make("div", { class: "dialog__head" }, make("h2", { id: "shortcut-list" }, gettext("Keyboard shortcuts")), close),
    make("div", { class: "dialog__body" }, make("dl", { class: "keys" }, ...rows)),
  );
  document.body.append(dialog);
  if (dialog instanceof HTMLDialogElement) dialog.showModal();
}
