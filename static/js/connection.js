// @ts-check
/** The quiet line that says when the connection is gone for more than a moment; and the notice after a sign-out. */
import { fresh, make } from "./dom.js";
import { gettext } from "./i18n.js";
import { icon } from "./icons.js";

/** @import { ExchangeSocket, State } from "./socket.js" */

/** Shorter gaps are nobody's business. */
const QUIET_MS = 2_000;

/** @param {State} state */
function sentence(state) {
  switch (state) {
    case "offline":
      return gettext("Offline. You can read and write; sending waits for the network.");
    case "signed-out":
      return gettext("You are signed out. What you typed is kept.");
    default:
      return gettext("Reconnecting. Answers go on without this page.");
  }
}

/** @param {ExchangeSocket} socket */
export function showConnection(socket) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const show = () => {
    timer = undefined;
    for (const place of document.querySelectorAll("[data-connection]")) {
      if (place instanceof HTMLElement) fill(place, socket);
    }
  };
  const changed = () => {
    clearTimeout(timer);
    // A try that fails again must not hide the line for its moment.
    const atOnce = socket.state === "open" || socket.state === "signed-out";
    if (atOnce) show();
    else timer = setTimeout(show, QUIET_MS);
  };
  socket.addEventListener("state", () => {
    if (timer === undefined || socket.state === "open" || socket.state === "signed-out") changed();
  });
  changed();
}

/** @param {HTMLElement} place @param {ExchangeSocket} socket */
function fill(place, socket) {
  const { state } = socket;
  if (place.dataset["state"] === state) return;
  place.dataset["state"] = state;
  place.hidden = state === "open";
  if (state === "open") return place.replaceChildren();
  place.replaceChildren(icon(state === "signed-out" ? "lock" : "offline"), make("p", {}, sentence(state)));
  if (state === "signed-out") {
    const next = encodeURIComponent(location.pathname + location.search);
    place.append(make("a", { class: "btn btn--small", href: `/accounts/login/?next=${next}` }, gettext("Sign in")));
  } else {
    const again = make("button", { type: "button", class: "btn btn--small" }, gettext("Try now"));
    again.addEventListener("click", () => socket.retry());
    place.append(again);
  }
}

/** A page without a socket shows no connection. @param {ParentNode} root */
export function hideConnection(root) {
  for (const place of fresh(root, "[data-connection]")) place.hidden = true;
}
