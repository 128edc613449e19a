// @ts-check
/**
 * Make one run of sibling nodes equal to another while keeping every node that is already right, so that a selection
 * in it survives and the browser lays out only what changed. Made for text that grows at its end.
 */

/**
 * @param {Node} parent where `old` stand, one after the other
 * @param {ChildNode[]} old
 * @param {ChildNode[]} wanted nodes free to be moved
 * @returns {ChildNode[]} the nodes that now stand in place of `old`
 */
export function morph(parent, old, wanted) {
  const after = old.at(-1)?.nextSibling ?? null;
  const result = wanted.map((node, at) => {
    const before = old[at];
    if (!before) return /** @type {ChildNode} */ (parent.insertBefore(node, after));
    return settle(parent, before, node);
  });
  for (const extra of old.slice(wanted.length)) extra.remove();
  return result;
}

/** @param {Node} parent @param {ChildNode} before @param {ChildNode} node @returns {ChildNode} */
function settle(parent, before, node) {
  if (before.isEqualNode(node)) return before;
  if (before instanceof Text && node instanceof Text) {
    if (node.data.startsWith(before.data)) before.appendData(node.data.slice(before.data.length));
    else before.data = node.data;
    return before;
  }
  if (before instanceof HTMLLIElement && node instanceof HTMLLIElement) before.className = node.className;
  if (before instanceof Element && node instanceof Element && before.cloneNode(false).isEqualNode(node.cloneNode(false))) {
    morph(before, [...before.childNodes], [...node.childNodes]);
    return before;
  }
  parent.replaceChild(node, before);
  return node;
}
