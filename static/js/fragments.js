// @ts-check
/** Putting HTML that our server wrote into the page; every behaviour is bound to it (app.js listens). */

/**
 * @param {Element} target
 * @param {string} html
 * @param {"beforeend" | "innerHTML"} how
 */
export function insert(target, html, how) {
  if (window.htmx) {
    window.htmx.swap(target, html, { swapStyle: how, swapDelay: 0, settleDelay: 0 });
  } else {
    const template = document.createElement("template");
    template.innerHTML = html;
    if (how === "beforeend") target.append(template.content);
    else target.replaceChildren(template.content);
  }
  target.dispatchEvent(new Event("fragment:added", { bubbles: true }));
}

/** The ids of the elements that stand first in a piece of HTML. @param {string} html */
export function rootIds(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return [...template.content.children].map((element) => element.id).filter((id) => id !== "");
}
