// @ts-check
/**
 * The transcript follows its end only while the person is there. Scrolling up leaves it alone; a button goes back.
 * The page's own text growing is seen by a ResizeObserver, after layout and before paint: nothing flickers.
 */
import { fresh, make, prefersStill } from "./dom.js";
import { gettext } from "./i18n.js";
import { icon } from "./icons.js";

/** This near to the end counts as there, in px. */
const NEAR = 80;
/** Older messages are asked for this far before the person would see that they are missing, in px. */
const AHEAD = 1_200;

/** @param {ParentNode} root */
export function bind(root) {
  for (const region of fresh(root, "[data-messages]")) new Following(region);
}

class Following {
  #region;
  #button;
  #stuck = true;
  #lastTop = 0;

  /** @param {HTMLElement} region */
  constructor(region) {
    this.#region = region;
    this.#button = jumpButton(region);
    this.#button.addEventListener("click", () => this.#jump(prefersStill() ? "instant" : "smooth"));
    region.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    for (const type of ["run:started", "message:added"]) document.addEventListener(type, () => this.#jump("instant"));
    const observer = new ResizeObserver(() => this.#grown());
    observer.observe(region);
    const content = region.querySelector("[data-transcript]");
    if (content) observer.observe(content);
    if (!this.#toLinked()) this.#jump("instant");
    this.#loadEarlier();
  }

  /** Where a link leads to a message of this region, that one is shown. */
  #toLinked() {
    const id = /^#message-([0-9a-f-]{36})$/.exec(location.hash)?.[1];
    const linked = id ? this.#region.querySelector(`[data-message="${id}"]`) : null;
    if (!linked) return false;
    this.#stuck = false;
    linked.setAttribute("data-linked", "");
    linked.scrollIntoView({ block: "center" });
    this.#lastTop = this.#region.scrollTop;
    return true;
  }

  /** Older messages are loaded when the person comes near them; what is on the screen stays where it is. */
  #loadEarlier() {
    const near = new IntersectionObserver(
      (entries) => {
        for (const { isIntersecting, target } of entries) {
          if (isIntersecting && target instanceof HTMLElement) target.click();
        }
      },
      { root: this.#region, rootMargin: `${AHEAD}px 0px 0px` },
    );
    const watch = () => {
      near.disconnect();
      const button = this.#region.querySelector("[data-earlier]");
      if (button) near.observe(button);
    };
    /** @type {number | null} */
    let toEnd = null;
    this.#region.addEventListener("htmx:beforeSwap", (event) => {
      if (!(event.target instanceof Element) || !event.target.matches("[data-earlier]")) return;
      toEnd = this.#region.scrollHeight - this.#region.scrollTop;
      this.#region.style.overflowAnchor = "none";
    });
    // Before the next paint: the event comes for each new message, the first does it.
    this.#region.addEventListener("htmx:afterSwap", () => {
      if (toEnd === null) return;
      this.#region.scrollTop = this.#region.scrollHeight - toEnd;
      this.#lastTop = this.#region.scrollTop;
      this.#region.style.overflowAnchor = "";
      toEnd = null;
      watch();
    });
    watch();
  }

  get #distance() {
    const { scrollHeight, clientHeight, scrollTop } = this.#region;
    return scrollHeight - clientHeight - scrollTop;
  }

  #scrolled() {
    const top = this.#region.scrollTop;
    // Only a move upwards lets go: text that grows between two scroll events must not.
    if (top < this.#lastTop && this.#distance > NEAR) this.#stuck = false;
    if (this.#distance <= NEAR) this.#stuck = true;
    this.#lastTop = top;
    this.#showButton();
  }

  #grown() {
    if (this.#stuck) this.#jump("instant");
    this.#showButton();
  }

  /** @param {"instant" | "smooth"} behavior */
  #jump(behavior) {
    this.#stuck = true;
    this.#region.scrollTo({ top: this.#region.scrollHeight, behavior });
    this.#lastTop = this.#region.scrollTop;
  }

  #showButton() {
    const hidden = this.#stuck || this.#distance <= NEAR;
    if (this.#button.hidden !== hidden) this.#button.hidden = hidden;
  }
}

/** The button beside the region, or one made here. @param {HTMLElement} region */
function jumpButton(region) {
  const own = region.parentElement?.querySelector(":scope > [data-jump]");
  if (own instanceof HTMLElement) return own;
  const button = make("button", { type: "button", class: "iconbtn jump", "data-jump": "", hidden: "" }, icon("down"));
  button.setAttribute("aria-label", gettext("Jump to the newest"));
  region.after(button);
  return button;
}
