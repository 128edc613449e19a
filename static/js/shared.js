// @ts-check
/**
 * A snapshot's page: `data-shared` is where it says that it is shown, `data-kept` folds out an exchange, whose tabs
 * (`data-kept-tab`, links of their own without this) open below it. `data-copy-into` is the form of a signed-in reader who
 * goes on in a copy: posted from here at once, where without a script a page in between asks.
 */
import { csrfToken } from "./csrf.js";
import { delegate } from "./dom.js";
import { gettext } from "./i18n.js";
import { toast } from "./toasts.js";

export function start() {
  for (const button of document.querySelectorAll("[data-copy-shared], [data-print]")) {
    if (button instanceof HTMLElement) button.hidden = false;
  }
  for (const page of document.querySelectorAll("[data-shared]")) tellSeen(page.getAttribute("data-shared") ?? "");
  delegate("click", "[data-kept-tab]", (link, event) => {
    if (!(link instanceof HTMLAnchorElement) || isOpenedElsewhere(event)) return;
    event.preventDefault();
    void show(link);
  });
  delegate("click", "[data-kept-more]", (link, event) => {
    const tab = link.closest("[data-kept]")?.querySelector('[data-kept-tab][aria-current="page"]');
    if (!(link instanceof HTMLAnchorElement) || !(tab instanceof HTMLAnchorElement) || isOpenedElsewhere(event)) return;
    event.preventDefault();
    void show(tab, link.href);
  });
  delegate("submit", "[data-copy-into]", (form, event) => {
    if (!(form instanceof HTMLFormElement)) return;
    event.preventDefault();
    void copyInto(form);
  });
  document.addEventListener("toggle", openFirst, true);
}

/** @param {HTMLFormElement} form */
async function copyInto(form) {
  const button = form.querySelector("button");
  button?.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.action, { method: "POST", headers: { "X-CSRFToken": csrfToken() } });
    if (!answer.ok) throw new Error(`${answer.status} for a copy`);
    location.assign(answer.url);
  } catch (error) {
    console.warn("No copy was made.", error);
    button?.removeAttribute("aria-busy");
    toast(gettext("The copy could not be made. Reload the page and try again."), "bad");
  }
}

/** A link preview runs no script, so only people are counted. @param {string} href */
function tellSeen(href) {
  if (!href) return;
  fetch(href, { method: "POST", keepalive: true }).catch((error) => console.warn("The view was not counted.", error));
}

/** The first tab comes with the fold. @param {Event} event */
function openFirst(event) {
  const kept = event.target;
  if (!(kept instanceof HTMLDetailsElement) || !kept.open || !kept.matches("[data-kept]")) return;
  if (kept.querySelector("[data-kept-panel] > *")) return;
  const first = kept.querySelector("[data-kept-tab]");
  if (first instanceof HTMLAnchorElement) void show(first);
}

/** @param {Event} event */
function isOpenedElsewhere(event) {
  return event instanceof MouseEvent && (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0);
}

/** @param {HTMLAnchorElement} link @param {string} [href] another stretch of the same tab */
async function show(link, href = link.href) {
  const kept = link.closest("[data-kept]");
  const panel = kept?.querySelector("[data-kept-panel]");
  if (!kept || !(panel instanceof HTMLElement)) return;
  for (const tab of kept.querySelectorAll("[data-kept-tab]")) tab.removeAttribute("aria-current");
  link.setAttribute("aria-current", "page");
  panel.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(href, { headers: { "X-Part": "tab" } });
    if (!answer.ok) throw new Error(`${answer.status} for ${href}`);
    const text = await answer.text();
    if (link.getAttribute("aria-current") !== "page") return; // another tab was chosen meanwhile
    panel.replaceChildren(fragmentOf(text));
  } catch (error) {
    console.warn("The tab could not be had.", error);
    toast(gettext("This could not be loaded. Reload the page and try again."), "bad");
  } finally {
    panel.removeAttribute("aria-busy");
  }
}

/** What our own server rendered and escaped. @param {string} html */
function fragmentOf(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}
