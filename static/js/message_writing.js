// @ts-check
/** Saying a message differently: in its place, or as JSON in a dialog. Each hands over to the other. */
import { start as startEdit } from "./message_edit.js";
import { bind, editAsJson, start as startJson } from "./message_json.js";

export { bind, editAsJson };

export function start() {
  startEdit();
  startJson();
}
