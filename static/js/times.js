// @ts-check
/** Moments by the clock of the person who reads; the server can only write them by its own. */
import { fresh } from "./dom.js";
import { language } from "./i18n.js";

const clock = new Intl.DateTimeFormat(language(), { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const full = new Intl.DateTimeFormat(language(), { dateStyle: "long", timeStyle: "long" });

/** @param {ParentNode} root */
export function bind(root) {
  for (const place of fresh(root, "time[data-time]")) {
    const moment = new Date(place.getAttribute("datetime") ?? "");
    if (Number.isNaN(moment.getTime())) continue;
    place.textContent = clock.format(moment);
    place.title = full.format(moment);
  }
}
