// @ts-check
/** The map of the tree: an outline in a dialog. Arrows lead through it, Enter or a press shows the branch of a message. */
import { delegate, elements } from "./dom.js";
import { insert } from "./fragments.js";
import { base, mayEdit, rowId, show } from "./live.js";
import { get, post } from "./request.js";
import { toast } from "./toasts.js";

export function start() {
  delegate("click", "[data-map-open]", () => void open());
  delegate("click", "[data-map-message]", (item) => void goTo(item));
  delegate("keydown", "[data-map]", (map, event) => key(map, /** @type {KeyboardEvent} */ (event)));
}

async function open() {
  const dialog = document.querySelector("[data-map-dialog]");
  const place = dialog?.querySelector("[data-map-place]");
  if (!(dialog instanceof HTMLDialogElement) || !place) return;
  const last = document.querySelector("[data-transcript]")?.lastElementChild;
  const result = await get(`${dialog.dataset["mapUrl"]}?at=${last ? rowId(last) : ""}`);
  if (!result.ok) return toast(result.problem, "bad");
  insert(place, result.html, "innerHTML");
  dialog.showModal();
  const items = elements(place, "[role=treeitem]");
  const current = items.find((item) => item.hasAttribute("aria-current")) ?? items[0];
  if (!current) return;
  current.tabIndex = 0;
  current.focus();
  current.scrollIntoView({ block: "center" });
}

/** @param {HTMLElement} map @param {KeyboardEvent} event */
function key(map, event) {
  const items = elements(map, "[role=treeitem]");
  const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
  const item = items[at];
  if (!item || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "Enter" || event.key === " ") void goTo(item);
  else {
    const next = items[nextPlace(items, at, event.key)];
    if (!next) return;
    item.tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  }
  event.preventDefault();
}

/** @param {HTMLElement[]} items @param {number} at @param {string} key */
function nextPlace(items, at, key) {
  const level = levelOf(items[at]);
  switch (key) {
    case "ArrowDown":
      return Math.min(at + 1, items.length - 1);
    case "ArrowUp":
      return Math.max(at - 1, 0);
    case "Home":
      return 0;
    case "End":
      return items.length - 1;
    case "ArrowRight":
      // Into the fork below: the next deeper message.
      return items.findIndex((item, place) => place > at && levelOf(item) > level);
    case "ArrowLeft":
      return items.findLastIndex((item, place) => place < at && levelOf(item) < level);
    default:
      return -1;
  }
}

/** @param {HTMLElement | undefined} item */
function levelOf(item) {
  return Number(item?.getAttribute("aria-level") ?? 1);
}

/** @param {HTMLElement} item */
async function goTo(item) {
  const message = item.dataset["mapMessage"] ?? "";
  item.closest("dialog")?.close();
  if (!document.querySelector(`[data-message="${CSS.escape(message)}"]`)) {
    // The column leads there from now on, so that it is what opens next time.
    if (mayEdit()) {
      const result = await post(`${base()}show/${message}/`);
      if (!result.ok) return toast(result.problem, "bad");
    }
    await show({ through: message, mine: true });
  }
  const article = document.querySelector(`[data-message="${CSS.escape(message)}"]`);
  if (!(article instanceof HTMLElement)) return;
  article.scrollIntoView({ block: "center" });
  elements(article, "summary, button")[0]?.focus({ preventScroll: true });
}
