// @ts-check
/**
 * The gate between what a model wrote and the page: HTML text in, a safe DocumentFragment out.
 *
 * DOMPurify parses in an inert document, so nothing loads or runs on the way; afterwards the nodes are only moved,
 * never turned into text and parsed again. What may pass: the tags below, no ids, no styles, no data-* and no aria-*;
 * links to http, https and mailto; images of this site's attachments. Any other image becomes a link.
 */
import { gettext } from "../i18n.js";
import { make } from "../dom.js";

const ATTACHMENT = /^\/attachments\/[0-9a-f]{16,128}\/?$/;
const LINK_PROTOCOLS = ["http:", "https:", "mailto:"];
/** Classes that the renderer itself writes; a text cannot, because raw HTML in it is shown as text. */
const CODE_CLASS = /^(?:language-[\w+#.-]{1,30}|math-inline|math-display)$/;

/** @import { Engine } from "./engine_loader.js" */

const CONFIG = {
  // prettier-ignore
  ALLOWED_TAGS: [
    "p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "del", "sub", "sup", "kbd", "code", "pre",
    "blockquote", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "a", "img", "input", "#text",
  ],
  ALLOWED_ATTR: ["href", "title", "src", "alt", "class", "start", "align", "type", "checked", "disabled"],
  // No addresses; without this they would have to look like one.
  ADD_URI_SAFE_ATTR: ["start", "align", "type"],
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|\/attachments\/)/i,
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOW_UNKNOWN_PROTOCOLS: false,
  RETURN_DOM_FRAGMENT: true,
};

/**
 * A purifier of our own: nobody else's hooks or settings reach it.
 * @param {Engine} engine
 */
export function purifierMake({ createPurifier }) {
  const purifier = createPurifier(window);
  purifier.setConfig(CONFIG);
  purifier.addHook("uponSanitizeAttribute", (node, data) => {
    if (data.attrName !== "class") return;
    data.keepAttr = node.nodeName === "CODE" && CODE_CLASS.test(data.attrValue);
  });
  return purifier;
}

/**
 * @param {ReturnType<typeof purifierMake>} purifier
 * @param {string} html
 * @returns {DocumentFragment} safe to put anywhere in the page
 */
export function sanitise(purifier, html) {
  const fragment = /** @type {DocumentFragment} */ (/** @type {unknown} */ (purifier.sanitize(html)));
  fragment.querySelectorAll("input").forEach(checkbox);
  fragment.querySelectorAll("img").forEach(image);
  fragment.querySelectorAll("a").forEach(link);
  return fragment;
}

/** Only the disabled checkbox of a task list is left of all inputs. @param {HTMLInputElement} input */
function checkbox(input) {
  if (input.getAttribute("type") !== "checkbox") return input.remove();
  input.disabled = true;
  input.setAttribute("aria-label", input.checked ? gettext("Done") : gettext("To do"));
}

/** @param {HTMLImageElement} img */
function image(img) {
  const source = img.getAttribute("src") ?? "";
  // Behind a shared link nobody has an account; what a snapshot shows of images stands beside its text.
  if (ATTACHMENT.test(source) && !document.querySelector("[data-shared]")) {
    img.setAttribute("loading", "lazy");
    img.setAttribute("decoding", "async");
    if (!img.hasAttribute("alt")) img.setAttribute("alt", "");
    return;
  }
  const label = `${gettext("Image")}: ${img.getAttribute("alt") || source.slice(0, 200)}`;
  const href = safeAddress(source);
  if (href && !img.closest("a")) img.replaceWith(make("a", { href }, label));
  else img.replaceWith(label);
}

/** @param {HTMLAnchorElement} anchor */
function link(anchor) {
  const href = safeAddress(anchor.getAttribute("href") ?? "");
  if (!href) return anchor.replaceWith(...anchor.childNodes);
  anchor.setAttribute("href", href);
  anchor.setAttribute("rel", "noopener noreferrer nofollow");
  anchor.setAttribute("target", "_blank");
}

/** The address as the browser reads it, or "" when it is not one of the three kinds. @param {string} text */
function safeAddress(text) {
  if (!URL.canParse(text)) return "";
  const url = new URL(text);
  return LINK_PROTOCOLS.includes(url.protocol) ? url.href : "";
}
