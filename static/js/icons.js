// @ts-check
/** An icon of the sprite that base.html holds. */

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} name @param {"" | "small"} [size] */
export function icon(name, size = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", size ? `icon icon--${size}` : "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}
