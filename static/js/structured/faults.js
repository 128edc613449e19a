// @ts-check
/** What a validator found, in sentences for people. */
import { make } from "../dom.js";
import { gettext, interpolate } from "../i18n.js";
import { icon } from "../icons.js";

/** @typedef {import("./validator.js").Fault} Fault */

const SHOWN = 12;

/** @type {Promise<typeof import("./validator.js")> | undefined} */
let loading;

/** The validator, fetched once. */
export function loadValidator() {
  loading ??= import("./validator.js");
  return loading;
}

/** @param {Fault} fault */
export function sentence({ keyword, text }) {
  switch (keyword) {
    case "type":
      return typeSentence(text);
    case "required":
      return interpolate(gettext("%(name)s is missing"), { name: quoted(text) });
    case "additionalProperties":
      return interpolate(gettext("%(name)s is not in the schema"), { name: quoted(text) });
    case "enum":
      return gettext("none of the allowed values");
    case "const":
      return gettext("not the one allowed value");
    case "pattern":
      return gettext("does not match the pattern");
    case "format":
      return gettext("does not have the format");
    case "minimum":
    case "exclusiveMinimum":
      return gettext("too small");
    case "maximum":
    case "exclusiveMaximum":
      return gettext("too large");
    case "minLength":
    case "minItems":
    case "minProperties":
      return gettext("too short");
    case "maxLength":
    case "maxItems":
    case "maxProperties":
      return gettext("too long");
    case "anyOf":
    case "oneOf":
      return gettext("fits none of the alternatives");
    case "uniqueItems":
      return gettext("something is there twice");
    default:
      return text;
  }
}

/** @param {string} text `Instance type "string" is invalid. Expected "integer".` */
function typeSentence(text) {
  const [got = "", ...expected] = [...text.matchAll(/"([^"]*)"/g)].map((match) => match[1] ?? "");
  const values = { got, expected: expected.join(", ") };
  return interpolate(gettext("%(got)s where the schema wants %(expected)s"), values);
}

/** The last thing the validator's sentence quotes. @param {string} text */
function quoted(text) {
  return [...text.matchAll(/"([^"]*)"/g)].at(-1)?.[1] ?? text;
}

/**
 * A list of faults, each at its path.
 * @param {readonly Fault[]} faults
 */
export function faultList(faults) {
  const list = make("ul", { class: "faults" });
  for (const fault of faults.slice(0, SHOWN)) {
    const place = make("code", { class: "faults__path" }, fault.path || gettext("the whole"));
    list.append(make("li", { class: "faults__item" }, icon("bad", "small"), make("span", {}, place, ": ", sentence(fault))));
  }
  if (faults.length > SHOWN) {
    const more = interpolate(gettext("and %(count)s more"), { count: faults.length - SHOWN });
    list.append(make("li", { class: "faults__item" }, more));
  }
  return list;
}
