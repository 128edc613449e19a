// @ts-check
/** Boot: start every behaviour once, bind it again to whatever htmx brings in. */

/** @type {ReadonlyArray<(root: ParentNode) => void>} */
const behaviours = [];

/** @param {ParentNode} root */
function bindAll(root) {
  for (const bind of behaviours) bind(root);
}

bindAll(document);
document.addEventListener("htmx:load", (event) => {
  if (event.target instanceof HTMLElement && event.target !== document.body) bindAll(event.target);
});
