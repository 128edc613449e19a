// @ts-check
/**
 * Tab lists: arrow keys, Home and End move between tabs; one of them is in the tab order. A tab that is chosen fires
 * `tab:chosen`; a list with `data-tabs="panels"` shows the panel that the tab controls and hides the others.
 */
import { delegate, fresh } from "./dom.js";

/** @param {ParentNode} root */
export function bind(root) {
  for (const list of fresh(root, '[role="tablist"]')) {
    const chosen = tabsOf(list).find((tab) => tab.getAttribute("aria-selected") === "true") ?? tabsOf(list)[0];
    if (chosen) mark(list, chosen);
  }
}

export function start() {
  delegate("click", '[role="tab"]', (tab) => choose(tab));
  delegate("keydown", '[role="tab"]', (tab, event) => {
    const list = tab.closest('[role="tablist"]');
    if (!(list instanceof HTMLElement)) return;
    const tabs = tabsOf(list);
    const at = tabs.indexOf(tab);
    const step = list.closest('[dir="rtl"]') ? -1 : 1;
    const to = { ArrowRight: at + step, ArrowLeft: at - step, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = tabs[(to + tabs.length) % tabs.length];
    next?.focus();
    if (next) choose(next);
  });
}

/** @param {HTMLElement} tab */
export function choose(tab) {
  const list = tab.closest('[role="tablist"]');
  if (!(list instanceof HTMLElement)) return;
  mark(list, tab);
  tab.dispatchEvent(new CustomEvent("tab:chosen", { bubbles: true }));
}

/** @param {HTMLElement} list */
function tabsOf(list) {
  return [...list.querySelectorAll('[role="tab"]')].filter((tab) => tab instanceof HTMLElement);
}

/** @param {HTMLElement} list @param {HTMLElement} chosen */
function mark(list, chosen) {
  for (const tab of tabsOf(list)) {
    tab.setAttribute("aria-selected", String(tab === chosen));
    tab.tabIndex = tab === chosen ? 0 : -1;
    const panel = document.getElementById(tab.getAttribute("aria-controls") ?? "");
    if (panel && list.dataset["tabs"] === "panels") panel.hidden = tab !== chosen;
    if (panel && tab === chosen && tab.id) panel.setAttribute("aria-labelledby", tab.id);
  }
}
