// @ts-check
/** Which answer the inspector is about; the room itself (inspector/room.js) is fetched when somebody first sees it. */
import { elements, fresh } from "./dom.js";
import { isSeen } from "./drawers.js";
import { Lazy, onFirst } from "./lazy.js";
import { show } from "./panels.js";

const room = new Lazy(() => import("./inspector/room.js"));

export function start() {
  onFirst("click", "[data-inspect]", room);
  for (const type of ["panel:shown", "drawer:moved"]) document.addEventListener(type, loadIfSeen);
  document.addEventListener("run:started", () => {
    const region = shownRegion();
    if (region) chooseNewest(region);
  });
}

/** @param {ParentNode} root */
export function bind(root) {
  const regions = fresh(root, "[data-inspector]", "exchange");
  for (const region of regions) {
    if (!region.dataset["exchange"]) chooseNewest(region);
    if (region.dataset["linked"] !== undefined) show("inspector");
  }
  // Only where one came in: whether something can be seen costs a layout, and each older message is bound by itself.
  if (room.now) room.now.bind(root);
  else if (regions.length > 0) loadIfSeen();
}

function loadIfSeen() {
  const region = shownRegion();
  if (!room.now && region && isSeen(region)) void room.load();
}

function shownRegion() {
  return elements(document, "[data-inspector]").at(-1);
}

/** The newest answer is what the inspector would show; it does not come to the front for it. @param {HTMLElement} region */
function chooseNewest(region) {
  const newest = elements(document, "[data-transcript] article[data-exchange]").at(-1);
  if (newest) region.dataset["exchange"] = newest.dataset["exchange"] ?? "";
}
