// @ts-check
/** Boot: start every behaviour once, bind it again to whatever comes into the page. What few visits need comes later (parts.js). */
import { start as startAnnouncements } from "./announce.js";
import { bind as bindAttach } from "./attach/compose.js";
import { start as startChoices } from "./choices.js";
import { bind as bindColumns, start as startColumns } from "./columns.js";
import { bind as bindComments, start as startComments } from "./comments.js";
import { bind as bindComposer } from "./composer.js";
import { hideConnection, showConnection } from "./connection.js";
import { start as startCopy } from "./copy.js";
import { openNamed, start as startDialogs } from "./dialog.js";
import { start as startDrawers } from "./drawers.js";
import { start as startFinder } from "./finder.js";
import { bind as bindFarRows } from "./far_rows.js";
import { follow as followChanges } from "./live.js";
import { bind as bindInspector, start as startInspector } from "./inspector.js";
import { bind as bindSavedMarkdown } from "./markdown/saved.js";
import { start as startMenus } from "./menus.js";
import { start as startNav } from "./nav.js";
import { start as startPanels } from "./panels.js";
import { bind as bindParts, start as startParts } from "./parts.js";
import { bind as bindParameters } from "./parameters.js";
import { bind as bindPreview } from "./preview.js";
import { bind as bindOrganise, start as startOrganise } from "./organise.js";
import { followAnswers } from "./reply.js";
import { start as startRest } from "./rest.js";
import { bind as bindScroll } from "./scroll.js";
import { bind as bindSettings } from "./settings.js";
import { start as startShortcuts } from "./shortcuts.js";
import { start as startSlash } from "./slash.js";
import { refreshFrom } from "./sidebar.js";
import { ExchangeSocket } from "./socket.js";
import { bind as bindTabs, start as startTabs } from "./tabs.js";
import { start as startTheme } from "./theme.js";
import { bind as bindTimes } from "./times.js";
import { bind as bindTitle } from "./title.js";
import { bind as bindToasts, start as startToasts } from "./toasts.js";
import { bind as bindTools, follow as followTools, start as startTools } from "./tools/index.js";
import { start as startTry } from "./try_parameter.js";

const socket = openSocket();

// What listens on the document is asked in this order: a menu and then a drawer take Esc before it stops an answer.
const starts = [
  startToasts,
  startDialogs,
  startMenus,
  startDrawers,
  startTabs,
  startPanels,
  startTheme,
  startCopy,
  startShortcuts,
  startFinder,
  startOrganise,
  startComments,
  startRest,
  startChoices,
  startColumns,
  startInspector,
  startAnnouncements,
  startTools,
  startSlash,
  startNav,
  startParts,
];

/** @type {ReadonlyArray<(root: ParentNode) => void>} */
const binds = [
  (root) => (socket ? followAnswers(root, socket) : hideConnection(root)),
  bindSavedMarkdown,
  bindTabs,
  bindScroll,
  bindFarRows,
  bindParameters,
  bindPreview,
  bindParts,
  bindAttach,
  bindComposer,
  bindSettings,
  bindColumns,
  bindTimes,
  bindOrganise,
  bindComments,
  bindTitle,
  bindInspector,
  bindToasts,
  bindTools,
];

/** @param {ParentNode} root */
function bindAll(root) {
  for (const bind of binds) bind(root);
}

/** Signed-in pages name their socket. */
function openSocket() {
  const path = document.body.dataset["socket"];
  if (!path) return null;
  const url = new URL(path, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  return new ExchangeSocket(url.href);
}

for (const start of starts) start();
bindAll(document);
startTry();
openNamed();
for (const type of ["htmx:load", "fragment:added"]) {
  document.addEventListener(type, (event) => {
    if (event.target instanceof HTMLElement && event.target !== document.body) bindAll(event.target);
  });
}
if (socket) {
  showConnection(socket);
  refreshFrom(socket);
  followChanges(socket);
  followTools(socket);
  socket.start();
}
