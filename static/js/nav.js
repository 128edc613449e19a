// @ts-check
/** A list of pages that scrolls sideways, as on a phone, shows the page one is on. */
export function start() {
  const current = document.querySelector('[data-nav] [aria-current="page"]');
  current?.scrollIntoView({ block: "nearest", inline: "center" });
}
