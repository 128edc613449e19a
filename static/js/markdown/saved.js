// @ts-check
/** Saved Markdown: rendered when it comes near the screen, so that a long conversation opens at once. */
import { fresh } from "../dom.js";
import { paintSoon } from "../frames.js";
import { MarkdownView } from "./view.js";

/** How far outside of the screen text is rendered, in px. */
const NEAR = "1200px";

const observer = new IntersectionObserver(
  (entries) => {
    for (const { target, isIntersecting } of entries) {
      if (!isIntersecting) continue;
      observer.unobserve(target);
      if (target instanceof HTMLElement) render(target);
    }
  },
  { rootMargin: NEAR },
);

/**
 * Render the Markdown at or below `root` that is not growing.
 * @param {ParentNode} root
 */
export function bind(root) {
  for (const container of fresh(root, "[data-markdown]")) {
    if (!container.closest('[data-state="queued"], [data-state="streaming"]')) observer.observe(container);
  }
}

/**
 * Built aside and shown when it is complete: the text does not move twice.
 * @param {HTMLElement} container
 */
function render(container) {
  const source = container.querySelector(":scope > [data-source]");
  if (!(source instanceof HTMLElement)) return;
  const aside = document.createElement("div");
  const view = new MarkdownView(aside);
  view.append(source.textContent ?? "");
  view.end();
  paintSoon({
    paint(until) {
      if (!view.paint(until)) return false;
      source.hidden = true;
      container.append(...aside.childNodes);
      return true;
    },
  });
}
