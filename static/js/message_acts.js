// @ts-check
/** What can be done with the messages of a conversation: fetched with the first one that stands there. */
import { start as startBranches } from "./branches.js";
import { bind, start as startMenu } from "./message_menu.js";
import { start as startObjections } from "./objections.js";

export { bind };

export function start() {
  startBranches();
  startMenu();
  startObjections();
}
