// @ts-check
/** Short notes at the lower end of the page. A note with something to do stays until it is dismissed. */
import { foreground } from "./dialog.js";
import { delegate, fresh, make } from "./dom.js";
import { gettext } from "./i18n.js";
import { icon } from "./icons.js";

const SHOWN_MS = 6_000;
const BRIEF_MS = 15_000;
const MAX_SHOWN = 3;
/** @type {HTMLElement | null} the live region */
let place = null;
const ICONS = { good: "check", bad: "bad", plain: "info" };

/**
 * @param {string} text
 * @param {"good" | "bad" | "plain"} [tone]
 * @param {{label: string, run: () => void, brief?: boolean}} [action] `brief`: the note leaves by itself all the same
 */
export function toast(text, tone = "plain", action) {
  place ??= document.querySelector("[data-toasts]");
  if (!place) return;
  bringForward(place);
  const note = make("div", { class: tone === "plain" ? "toast" : `toast toast--${tone}`, "data-toast": "" });
  note.append(icon(ICONS[tone]), make("p", {}, text));
  if (action) {
    const button = make("button", { type: "button", class: "btn btn--small" }, action.label);
    button.addEventListener("click", () => {
      note.remove();
      action.run();
    });
    note.append(button);
  }
  const look = { type: "button", class: "iconbtn iconbtn--small", "data-dismiss": "" };
  const dismiss = make("button", look, icon("x", "small"));
  dismiss.setAttribute("aria-label", gettext("Dismiss"));
  note.append(dismiss);
  place.append(note);
  while (place.childElementCount > MAX_SHOWN) place.firstElementChild?.remove();
  if (!action) leaveSoon(note, SHOWN_MS);
  else if (action.brief) leaveSoon(note, BRIEF_MS);
}

/** Notes go into the dialog that one is in, and back when it closes. @param {HTMLElement} notes */
function bringForward(notes) {
  const top = foreground();
  if (notes.parentElement === top) return;
  top.append(notes);
  if (top !== document.body) top.addEventListener("close", () => bringForward(notes), { once: true });
}

/** Notes that the server wrote leave by themselves too; what went wrong stays. @param {ParentNode} root */
export function bind(root) {
  for (const note of fresh(root, "[data-toast]")) {
    if (!note.classList.contains("toast--bad")) leaveSoon(note, note.querySelector("[data-undo]") ? BRIEF_MS : SHOWN_MS);
  }
}

/** Not while somebody reads it with the pointer or the keyboard on it. @param {HTMLElement} note @param {number} ms */
function leaveSoon(note, ms) {
  const timer = setInterval(() => {
    if (note.matches(":hover, :focus-within")) return;
    clearInterval(timer);
    note.remove();
  }, ms);
}

export function start() {
  delegate("click", "[data-dismiss]", (button) => button.closest("[data-toast], [data-dismissable]")?.remove());
}
