// @ts-check
/**
 * Behaviours that most visits never need are fetched when something first asks for them: a press (`onFirst`), or an
 * element that comes into the page (`bindWhere`). From then on they listen and bind as all others do. What could not be
 * fetched is said; the next press or element asks again.
 */
import { gettext } from "./i18n.js";
import { toast } from "./toasts.js";

/** @typedef {{start?: () => void, bind?: (root: ParentNode) => void, [other: string]: unknown}} Behaviour */

/** @template {Behaviour} B */
export class Lazy {
  #fetch;
  /** @type {Promise<B | null> | null} */
  #loading = null;
  /** @type {B | null} the behaviour, once it is there */
  now = null;

  /** @param {() => Promise<B>} fetch */
  constructor(fetch) {
    this.#fetch = fetch;
  }

  /** The behaviour, started and bound to the page; null where it could not be fetched, which is said. */
  load() {
    return (this.#loading ??= this.#load());
  }

  async #load() {
    const behaviour = await this.#fetched();
    if (!behaviour) return null;
    behaviour.start?.();
    behaviour.bind?.(document);
    return (this.now = behaviour);
  }

  async #fetched() {
    try {
      return await this.#fetch();
    } catch (error) {
      // The chunk did not come: the network, or a page older than the server.
      console.warn("A part of the page could not be loaded.", error);
      toast(gettext("This could not be loaded. Reload the page and try again."), "bad");
      this.#loading = null;
      return null;
    }
  }
}

/**
 * Hold back the first press on what matches, and let it come again once the behaviour listens.
 * @param {"click"} type @param {string} selector @param {Lazy<Behaviour>} lazy
 */
export function onFirst(type, selector, lazy) {
  /** @type {WeakSet<Element>} */
  const held = new WeakSet();
  /** @param {MouseEvent} event */
  const hold = (event) => {
    if (lazy.now) return document.removeEventListener(type, hold, true);
    const { target } = event;
    if (!(target instanceof Element) || !target.closest(selector)) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (held.has(target)) return; // pressed once more while it is on its way
    held.add(target);
    void lazy.load().then((behaviour) => {
      held.delete(target);
      if (behaviour) target.dispatchEvent(new MouseEvent(type, event));
    });
  };
  document.addEventListener(type, hold, true);
}

/** The `bind` of a behaviour that is fetched with the first element that matches. @param {string} selector @param {Lazy<Behaviour>} lazy */
export function bindWhere(selector, lazy) {
  /** @param {ParentNode} root */
  return (root) => {
    if (lazy.now) lazy.now.bind?.(root);
    else if ((root instanceof Element && root.matches(selector)) || root.querySelector(selector)) void lazy.load();
  };
}
