// @ts-check
/** What is fetched when it is first needed, and what needs it. */
import { fresh } from "./dom.js";
import { DraftStore } from "./drafts.js";
import { bindWhere, Lazy, onFirst } from "./lazy.js";
import { guardRuns } from "./ready.js";

/** @import { Behaviour } from "./lazy.js" */

export const presets = new Lazy(() => import("./presets.js"));
export const messageWriting = new Lazy(() => import("./message_writing.js"));
const diff = new Lazy(() => import("./diff.js"));
const sweep = new Lazy(() => import("./sweep.js"));
const treeMap = new Lazy(() => import("./tree_map.js"));
const mocks = new Lazy(() => import("./tools/mocks.js"));
const imports = new Lazy(() => import("./import.js"));
const messageActs = new Lazy(() => import("./message_acts.js"));
const scrollTogether = new Lazy(() => import("./scroll_together.js"));
const body = new Lazy(() => import("./body/switch.js"));
const toolsEditor = new Lazy(() => import("./tools/editor.js"));
const formatEditor = new Lazy(() => import("./structured/format_editor.js"));

/** @type {[string, Lazy<Behaviour>][]} pressed → needed */
const presses = [
  ['[data-dialog-open="#presets"]', presets],
  ["[data-edit], [data-write-json], [data-edit-json]", messageWriting],
  ["[data-again], [data-show-branch], [data-objection-to], [data-insert-end], [data-copy-branch]", messageActs],
  ['[data-request-show="json"]', body],
  ["button[data-diff]", diff],
  ['[data-dialog-open="#sweep"]', sweep],
  ["[data-map-open]", treeMap],
  ['[data-dialog-open="#tool-mocks"], [data-result-save]', mocks],
  ['[data-dialog-open="#tools-editor"]', toolsEditor],
  ['[data-dialog-open="#format-editor"]', formatEditor],
];

export function start() {
  for (const [selector, lazy] of presses) onFirst("click", selector, lazy);
  guardUnsent(new DraftStore(`tools:${location.pathname}`), toolsEditor);
  guardUnsent(new DraftStore(`format:${location.pathname}`), formatEditor);
}

const binds = [
  bindWhere("form[data-import]", imports),
  bindWhere("[data-message]", messageActs),
  bindWhere("[data-scroll-together]", scrollTogether),
  bindBody,
];

/** @param {ParentNode} root */
export function bind(root) {
  for (const bindPart of binds) bindPart(root);
}

/** A body that could not be sent yet is shown again. @param {ParentNode} root */
function bindBody(root) {
  if (body.now) return body.now.bind(root);
  for (const form of fresh(root, "form[data-composer]", "body")) {
    const drafts = new DraftStore(`${form.dataset["runUrl"]}body`);
    guardUnsent(drafts, body);
    if (drafts.read().text) void body.load();
  }
}

/**
 * What a dialog of this tab could not send yet holds runs back: the dialog has to be there to say so.
 * @param {DraftStore} drafts @param {Lazy<Behaviour>} editor which guards runs itself once it is there
 */
function guardUnsent(drafts, editor) {
  guardRuns(async () => editor.now !== null || drafts.read().text === "" || (await editor.load()) !== null);
}
