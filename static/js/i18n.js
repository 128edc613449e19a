// @ts-check
/**
 * Texts for people, translated by Django's JavaScriptCatalog when the page has loaded it, English otherwise.
 * The names are the ones that `makemessages -d djangojs` looks for.
 */

/** @param {string} text */
export function gettext(text) {
  return window.django?.gettext(text) ?? text;
}

/** @param {string} one @param {string} many @param {number} count */
export function ngettext(one, many, count) {
  return window.django?.ngettext(one, many, count) ?? (count === 1 ? one : many);
}

/**
 * Put named values into a translated text: `interpolate(gettext("Retry in %(seconds)s s"), {seconds: 4})`.
 * @param {string} format
 * @param {Record<string, string | number>} values
 */
export function interpolate(format, values) {
  return format.replace(/%\((\w+)\)s/g, (all, name) => String(values[name] ?? all));
}

/** The page's language, for numbers and dates. */
export function language() {
  return document.documentElement.lang || "en";
}
