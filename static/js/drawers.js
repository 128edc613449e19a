// @ts-check
/**
 * The side rooms. On a wide page they stand and fold away; on a narrow one they are drawers over the page: then the
 * rest of it is inert, Esc and the scrim close them, and the focus goes back to where it was.
 * `data-open` on the room says what the person chose (layout.css): "false" folds a standing room, "true" opens a drawer;
 * absent means the width decides. A drawer that is closed leaves the page as it is where it is wide.
 */
import { delegate } from "./dom.js";

/** @type {HTMLElement | null} what had the focus before the drawer opened */
let opener = null;
/** @type {WeakSet<HTMLElement>} drawers that are folded away where the page is wide */
const folded = new WeakSet();

export function start() {
  delegate("click", "[data-drawer-toggle]", (button) => {
    const room = roomOf(button.dataset["drawerToggle"] ?? "");
    if (room) flip(room, button);
  });
  delegate("click", "[data-drawer-close]", () => openDrawers().forEach(leave));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const drawers = openDrawers();
    if (drawers.length === 0) return;
    event.preventDefault();
    drawers.forEach(leave);
  });
  // A drawer left open must not stay modal on a page that became wide.
  addEventListener("resize", settle);
  settle();
}

/** Show a room, whatever the width. @param {string} name */
export function show(name) {
  const room = roomOf(name);
  if (room && !isOpen(room)) open(room, document.activeElement);
}

/** @param {string} name */
export function toggle(name) {
  const room = roomOf(name);
  if (room) flip(room, document.activeElement);
}

/** Whether what is in a room can be seen: the room is open, and no part of it hidden. @param {Element} element */
export function isSeen(element) {
  const room = element.closest("[data-drawer]");
  return element.checkVisibility() && (!(room instanceof HTMLElement) || isOpen(room));
}

/** @param {HTMLElement} room @param {Element | null} from */
function flip(room, from) {
  if (isOpen(room)) return leave(room);
  open(room, from);
  moved(room);
}

/** The person closes a room. @param {HTMLElement} room */
function leave(room) {
  close(room);
  moved(room);
}

/** @param {HTMLElement} room */
function moved(room) {
  room.dispatchEvent(new Event("drawer:moved", { bubbles: true }));
}

/** @param {string} name */
function roomOf(name) {
  const room = document.querySelector(`[data-drawer="${CSS.escape(name)}"]`);
  return room instanceof HTMLElement ? room : null;
}

/** @param {HTMLElement} room whether it lies over the page at this width */
function isDrawer(room) {
  return getComputedStyle(room).position === "fixed";
}

/** @param {HTMLElement} room */
function isOpen(room) {
  const chosen = room.dataset["open"];
  return isDrawer(room) ? chosen === "true" : chosen !== "false";
}

function rooms() {
  return [...document.querySelectorAll("[data-drawer]")].filter((room) => room instanceof HTMLElement);
}

function openDrawers() {
  return rooms().filter((room) => isDrawer(room) && isOpen(room));
}

/** @param {HTMLElement} room @param {Element | null} from */
function open(room, from) {
  opener = from instanceof HTMLElement ? from : null;
  for (const other of openDrawers()) if (other !== room) shut(other);
  if (isDrawer(room)) {
    if (room.dataset["open"] === "false") folded.add(room);
    room.dataset["open"] = "true";
  } else {
    delete room.dataset["open"];
  }
  settle();
  if (!isDrawer(room)) return;
  const first = room.querySelector("button, a[href], input, select, textarea");
  // The room becomes visible in the next frame; until then it cannot take the focus.
  requestAnimationFrame(() => first instanceof HTMLElement && first.focus({ preventScroll: true }));
}

/** @param {HTMLElement} room */
function close(room) {
  // Over a drawer everything else is inert: wherever Tab has led meanwhile, the focus goes back.
  const hadFocus = isDrawer(room) || room.contains(document.activeElement);
  shut(room);
  settle();
  const back = opener?.isConnected ? opener : firstToggle(room);
  if (hadFocus) back?.focus({ preventScroll: true });
  opener = null;
}

/** @param {HTMLElement} room */
function shut(room) {
  if (isDrawer(room) && !folded.delete(room)) delete room.dataset["open"];
  else room.dataset["open"] = "false";
}

/** @param {HTMLElement} room */
function firstToggle(room) {
  const toggles = [...document.querySelectorAll(`[data-drawer-toggle="${CSS.escape(room.dataset["drawer"] ?? "")}"]`)];
  const shown = toggles.find((button) => !room.contains(button) && button.getClientRects().length > 0);
  return shown instanceof HTMLElement ? shown : null;
}

/** Make inert what lies under an open drawer, and let every toggle say how its room is. */
function settle() {
  const [top] = openDrawers();
  for (const element of rooms()[0]?.parentElement?.children ?? []) {
    if (element instanceof HTMLElement) element.inert = top !== undefined && element !== top && !isScrim(element);
  }
  for (const button of document.querySelectorAll("[data-drawer-toggle]")) {
    const room = roomOf(button.getAttribute("data-drawer-toggle") ?? "");
    if (room) button.setAttribute("aria-expanded", String(isOpen(room)));
  }
}

/** @param {HTMLElement} element */
function isScrim(element) {
  return element.hasAttribute("data-drawer-close");
}
