// @ts-check
/** The address names what the inspector shows: `?exchange=…&tab=events&event=17`. A copied address opens the same place. */

/** @typedef {{exchange: string, tab: string, event: string}} Place */

/** Write a place into the address; null takes it out. Other members of the query stay. @param {Place | null} place */
export function writePlace(place) {
  const url = new URL(location.href);
  for (const name of /** @type {const} */ (["exchange", "tab", "event"])) {
    const value = place?.[name] ?? "";
    if (value) url.searchParams.set(name, value);
    else url.searchParams.delete(name);
  }
  if (url.href !== location.href) history.replaceState(history.state, "", url);
}
