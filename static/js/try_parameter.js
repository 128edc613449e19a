// @ts-check
/** "Try it" in the reference leads here as `/?parameter=name`: show that row. Nothing is switched on by a link. */
import { elements } from "./dom.js";
import { gettext, interpolate } from "./i18n.js";
import { show } from "./panels.js";
import { toast } from "./toasts.js";

export function start() {
  const address = new URL(location.href);
  const name = address.searchParams.get("parameter");
  if (!name || !document.querySelector("[data-parameter-panel]")) return;
  // A reload, or the address copied, is not another try.
  address.searchParams.delete("parameter");
  history.replaceState(history.state, "", address);
  show("parameters");
  const row = elements(document, "[data-parameter-panel] [data-param]").find((each) => each.dataset["param"] === name);
  const group = row?.closest("details");
  if (group) group.open = true;
  if (row) point(row);
  else toast(interpolate(gettext("The API of this provider does not document %(name)s. Choose another provider, or send it as Extra."), { name }));
}

/** @param {HTMLElement} row */
function point(row) {
  row.scrollIntoView({ block: "center" });
  const send = row.querySelector("[data-param-send]");
  if (send instanceof HTMLElement) send.focus({ preventScroll: true });
  row.setAttribute("data-pointed", "");
  row.addEventListener("focusout", () => row.removeAttribute("data-pointed"), { once: true });
}
