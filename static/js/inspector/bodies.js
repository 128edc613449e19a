// @ts-check
/** A body as a tree or as text, and thumbnails of its images. */
import { delegate, elements, fresh } from "../dom.js";
import { gettext } from "../i18n.js";

export function start() {
  delegate("click", "[data-shown-as]", (button) => {
    const body = button.closest("[data-body-view]");
    if (!body) return;
    for (const each of elements(body, "[data-shown-as]")) each.setAttribute("aria-pressed", String(each === button));
    for (const part of elements(body, "[data-shown]")) part.hidden = part.dataset["shown"] !== button.dataset["shownAs"];
  });
}

/** A comparison that was asked for comes into sight; a picture that cannot be shown is said, not broken. @param {ParentNode} root */
export function bind(root) {
  for (const comparison of fresh(root, "[data-diff-view]")) comparison.closest("details")?.scrollIntoView({ block: "nearest" });
  for (const picture of fresh(root, "[data-picture]")) {
    picture.addEventListener("error", () => picture.replaceWith(gettext("No picture:")), { once: true });
  }
}
