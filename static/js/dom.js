// @ts-check
/** Small helpers around the DOM that every behaviour shares. */

/** @type {WeakMap<Element, Set<string>>} */
const bound = new WeakMap();

/**
 * Elements at or below `root` that match `selector` and were not handed out for `purpose` before.
 * This makes every `bind(root)` safe to call again after a swap.
 * @param {ParentNode} root
 * @param {string} selector
 * @param {string} [purpose]
 * @returns {HTMLElement[]}
 */
export function fresh(root, selector, purpose = selector) {
  const found = root instanceof HTMLElement && root.matches(selector) ? [root] : [];
  for (const element of root.querySelectorAll(selector)) {
    if (element instanceof HTMLElement) found.push(element);
  }
  return found.filter((element) => {
    const purposes = bound.get(element) ?? new Set();
    if (purposes.has(purpose)) return false;
    bound.set(element, purposes.add(purpose));
    return true;
  });
}

/**
 * Listen on the document for events whose target lies in an element that matches `selector`.
 * @template {keyof DocumentEventMap} K
 * @param {K} type
 * @param {string} selector
 * @param {(element: HTMLElement, event: DocumentEventMap[K]) => void} handler
 */
export function delegate(type, selector, handler) {
  document.addEventListener(type, (event) => {
    const element = event.target instanceof Element ? event.target.closest(selector) : null;
    if (element instanceof HTMLElement) handler(element, event);
  });
}

/**
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElement}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * Run `work` after `ms` without a further call; `now()` runs what is waiting at once.
 * @template {unknown[]} A
 * @param {number} ms
 * @param {(...values: A) => void} work
 */
export function debounced(ms, work) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  /** @type {A | undefined} */
  let waiting;
  const now = () => {
    clearTimeout(timer);
    if (!waiting) return;
    const values = waiting;
    waiting = undefined;
    work(...values);
  };
  /** @param {A} values */
  const later = (...values) => {
    clearTimeout(timer);
    waiting = values;
    timer = setTimeout(now, ms);
  };
  return Object.assign(later, { now });
}

/** Whether the person prefers that nothing moves by itself. */
export function prefersStill() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** The HTML elements below `root` that match. @param {ParentNode} root @param {string} selector */
export function elements(root, selector) {
  return [...root.querySelectorAll(selector)].filter((element) => element instanceof HTMLElement);
}

/** The first element below `root` that matches; the page is broken without it. @param {ParentNode} root @param {string} selector */
export function part(root, selector) {
  const found = root.querySelector(selector);
  if (found instanceof HTMLElement) return found;
  throw new Error(`no ${selector}`);
}
