// @ts-check
/** Saved Markdown: rendered when it comes near the screen, so that a long conversation opens at once. */
import { fresh, make } from "../dom.js";
import { paintSoon } from "../frames.js";
import { loadEngine } from "./engine_loader.js";
import { MarkdownView } from "./view.js";

/** How far outside of the screen text is rendered, in px. */
const NEAR = "1200px";
/** What comes near is rendered at once for so many ms; what is left of it waits for the next frames. */
const AT_ONCE = 16;

/** @type {Set<HTMLElement>} */
const waiting = new Set();

const observer = new IntersectionObserver(
  (entries) => {
    const until = performance.now() + AT_ONCE;
    // From below: a conversation opens at its end.
    for (const { target, isIntersecting } of entries.reverse()) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      if (target instanceof HTMLElement && waiting.delete(target)) render(target, until);
    }
  },
  // On a page that scrolls as a whole; in a region that scrolls on it.
  { rootMargin: NEAR, scrollMargin: NEAR },
);

// Paper has no distance: everything is near.
addEventListener("beforeprint", () => {
  for (const container of document.querySelectorAll("[data-markdown]")) {
    if (container instanceof HTMLElement && waiting.delete(container)) render(container, Infinity);
  }
});

/**
 * Render the Markdown at or below `root` that is not growing.
 * @param {ParentNode} root
 */
export function bind(root) {
  for (const container of fresh(root, "[data-markdown]")) {
    if (container.closest('[data-state="queued"], [data-state="streaming"]')) continue;
    waiting.add(container);
    observer.observe(container);
  }
  // Not only once the first text was laid out.
  if (waiting.size > 0) loadEngine();
}

/**
 * Watch the texts of a row, or do not while it is far: the browser reckons where each watched element is, with every frame.
 * @param {Element} row
 * @param {boolean} near
 */
export function watchTexts(row, near) {
  for (const container of row.querySelectorAll("[data-markdown]")) {
    if (!(container instanceof HTMLElement) || !waiting.has(container)) continue;
    if (near) observer.observe(container);
    else observer.unobserve(container);
  }
}

/**
 * Built aside and shown when it is complete: the text does not move twice.
 * @param {HTMLElement} container
 * @param {number} until do as much at once as can be done before this time
 */
function render(container, until) {
  const source = container.querySelector(":scope > [data-source]");
  if (!(source instanceof HTMLElement)) return;
  const aside = container.appendChild(make("div", { hidden: "" }));
  const view = new MarkdownView(aside);
  view.append(source.textContent ?? "");
  view.end();
  const painter = {
    /** @param {number} time */
    paint(time) {
      if (!view.paint(time)) return false;
      source.hidden = true;
      aside.replaceWith(...aside.childNodes);
      return true;
    },
  };
  if (!painter.paint(until)) paintSoon(painter);
}
