// @ts-check
/** The list of conversations: it follows what other tabs and devices do, and keeps the filter while it does. */
import { debounced } from "./dom.js";
import { insert } from "./fragments.js";
import { get } from "./request.js";

/** @import { ExchangeSocket } from "./socket.js" */

const REFRESH_MS = 300;

/** @param {ExchangeSocket} socket */
export function refreshFrom(socket) {
  const refresh = debounced(REFRESH_MS, () => void refreshList(refresh));
  socket.addEventListener("conversations", () => refresh());
  let opened = false;
  socket.addEventListener("state", () => {
    if (socket.state !== "open") return;
    // What changed while the connection was away was not told.
    if (opened) refresh();
    opened = true;
  });
}

/** @param {() => void} again */
async function refreshList(again) {
  const list = document.querySelector("[data-conversation-list]");
  if (!(list instanceof HTMLElement)) return;
  // Nothing moves under a hand that is renaming, or in an open menu.
  if (list.hasAttribute("data-selecting") || list.querySelector("input:focus, details[open]")) return again();
  const bar = list.querySelector("[data-list-view]");
  const { listView = "", listQuery = "" } = bar instanceof HTMLElement ? bar.dataset : {};
  const url = new URL(list.dataset["conversationList"] || "/conversations/list/", location.href);
  url.searchParams.set("view", listView);
  url.searchParams.set("q", listQuery);
  url.searchParams.set("shown", String(list.querySelectorAll("[data-row]").length));
  url.searchParams.set("current", location.pathname);
  // What came into the open conversation is before the person's eyes.
  if (document.visibilityState === "visible") url.searchParams.set("seen", "1");
  const result = await get(url.pathname + url.search);
  if (!result.ok) return;
  // The person was quicker: what was fetched is of a list that is not shown any more, or would move under the hand.
  if ((bar && !bar.isConnected) || list.hasAttribute("data-selecting") || list.querySelector("details[open]")) return again();
  const focused = document.activeElement instanceof HTMLAnchorElement ? document.activeElement.getAttribute("href") : null;
  const hadFocus = list.contains(document.activeElement);
  insert(list, result.html, "innerHTML");
  if (hadFocus && focused) {
    const same = list.querySelector(`a[href="${CSS.escape(focused)}"]`);
    if (same instanceof HTMLElement) same.focus({ preventScroll: true });
  }
}
