// @ts-check
/** Tools and structured output, as the page starts and binds them. */
import { bindWhere, Lazy } from "../lazy.js";
import { bind as bindStructured } from "../structured/watch.js";
import { bind as bindLoop, start as startLoop } from "./loop.js";

/** @import { ExchangeSocket } from "../socket.js" */

const CALLS = "article [data-tool-call], form[data-results]";

const answers = new Lazy(() => import("./answers.js"));
const bindAnswers = bindWhere(CALLS, answers);

export function start() {
  document.addEventListener("exchange:ended", loadWhereCalled);
  startLoop();
}

/** @param {ParentNode} root */
export function bind(root) {
  bindStructured(root);
  bindAnswers(root);
  bindLoop(root);
}

/** @param {ExchangeSocket} socket */
export function follow(socket) {
  let opened = false;
  socket.addEventListener("state", () => {
    if (socket.state !== "open") return;
    if (opened) {
      document.dispatchEvent(new Event("loop:moved"));
      if (document.querySelector(CALLS)) void answers.load().then((behaviour) => behaviour?.look());
    }
    opened = true;
  });
}

/** A live answer got its calls piece by piece; nothing was bound for them. */
function loadWhereCalled() {
  if (!answers.now && document.querySelector(CALLS)) void answers.load();
}
