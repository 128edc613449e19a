// @ts-check
/** KaTeX; loaded when the first formula is on the page. */
import katex from "katex";

/**
 * MathML nodes for a TeX source, or null when it is not valid.
 * MathML only: KaTeX's HTML needs inline styles, which the page's policy refuses, and fonts.
 * @param {string} source
 * @param {boolean} display
 * @returns {Element | null}
 */
export function typeset(source, display) {
  const holder = document.createElement("span");
  try {
    katex.render(source, holder, {
      output: "mathml",
      displayMode: display,
      throwOnError: true,
      strict: "ignore",
      // No links, images, classes or styles out of a formula.
      trust: false,
      maxSize: 20,
      maxExpand: 200,
    });
  } catch (error) {
    if (error instanceof katex.ParseError || error instanceof RangeError) return null;
    throw error;
  }
  holder.querySelectorAll("[style]").forEach((element) => element.removeAttribute("style"));
  return holder.firstElementChild;
}
