// @ts-check
/** Columns that scroll together: the others follow the one that somebody is using, by how far it has come. */
import { elements, fresh } from "./dom.js";

const KEPT = "scroll-together";
const USES = ["pointerdown", "pointerenter", "wheel", "touchstart", "keydown", "focusin"];

/** @type {Element | null} the column that somebody is using */
let leader = null;
let waiting = false;

/** @param {ParentNode} root */
export function bind(root) {
  for (const input of fresh(root, "input[data-scroll-together]")) {
    if (!(input instanceof HTMLInputElement)) continue;
    input.checked = localStorage.getItem(KEPT) !== "no";
    input.addEventListener("change", () => {
      localStorage.setItem(KEPT, input.checked ? "yes" : "no");
      if (input.checked) follow();
    });
  }
  for (const region of fresh(root, "section[data-column] [data-messages]", "together")) {
    for (const type of USES) region.addEventListener(type, () => (leader = region), { passive: true });
    region.addEventListener("scroll", () => region === leader && soon(), { passive: true });
  }
}

function soon() {
  const input = document.querySelector("input[data-scroll-together]");
  if (waiting || !(input instanceof HTMLInputElement) || !input.checked) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    follow();
  });
}

function follow() {
  if (!leader?.isConnected) return;
  const room = leader.scrollHeight - leader.clientHeight;
  const come = room > 0 ? leader.scrollTop / room : 1;
  for (const region of elements(document, "section[data-column] [data-messages]")) {
    if (region !== leader) region.scrollTop = come * (region.scrollHeight - region.clientHeight);
  }
}
