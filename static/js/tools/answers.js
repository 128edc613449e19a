// @ts-check
/** The tool calls of answers, and the results that are written for them. */
import { bind as bindCalls, start as startCalls } from "./calls.js";
import { look } from "./following.js";
import { bind as bindResults, start as startResults } from "./results.js";

export { look };

export function start() {
  startCalls();
  startResults();
}

/** @param {ParentNode} root */
export function bind(root) {
  bindCalls(root);
  bindResults(root);
}
