// @ts-check
/** Tools and structured output, as the page starts and binds them. */
import { bind as bindAnswers } from "../structured/answer.js";
import { start as startFormat } from "../structured/format_editor.js";
import { bind as bindCalls, start as startCalls } from "./calls.js";
import { start as startEditor } from "./editor.js";
import { followMessages } from "./following.js";
import { bind as bindLoop, start as startLoop } from "./loop.js";
import { start as startMocks } from "./mocks.js";
import { bind as bindResults, start as startResults } from "./results.js";

/** @import { ExchangeSocket } from "../socket.js" */

export function start() {
  startCalls();
  startResults();
  startLoop();
  startMocks();
}

/** After the rows are bound: the dialogs read and write them. */
export function startDialogs() {
  startEditor();
  startFormat();
}

/** @param {ParentNode} root */
export function bind(root) {
  bindAnswers(root);
  bindCalls(root);
  bindResults(root);
  bindLoop(root);
}

/** @param {ExchangeSocket | null} socket */
export function follow(socket) {
  if (socket) followMessages(socket);
}
