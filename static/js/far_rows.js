// @ts-check
/**
 * Messages far from what is on the screen cost little: each is laid out and painted by itself, and without its buttons
 * (transcript.css). Near ones are as if there were no such thing, so menus may reach out of them.
 */
import { fresh } from "./dom.js";
import { watchTexts } from "./markdown/saved.js";

/** This far from the screen a row is far, in px: nobody scrolls so much in a frame. */
const FAR = "3000px 0px";

/** @type {WeakMap<Element, IntersectionObserver>} by the region that scrolls */
const observers = new WeakMap();

/** @param {ParentNode} root */
export function bind(root) {
  for (const row of fresh(root, "[data-transcript] > [data-version]", "far")) {
    const region = row.closest("[data-messages]");
    if (region) observerOf(region).observe(row);
  }
}

/** @param {Element} region */
function observerOf(region) {
  const known = observers.get(region);
  if (known) return known;
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        target.toggleAttribute("data-far", !isIntersecting);
        watchTexts(target, isIntersecting);
      }
    },
    { root: region, rootMargin: FAR },
  );
  observers.set(region, observer);
  return observer;
}
