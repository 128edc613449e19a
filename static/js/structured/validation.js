// @ts-check
/**
 * Values against JSON Schema, by an interpreter: no code is made of a schema, which the page's policy would refuse. How long
 * it takes is up to the schema's patterns: it runs in a worker only (validator.js).
 */
import { Validator } from "@cfworker/json-schema";

/**
 * @typedef {object} Fault
 * @property {string} path where in the value, as a reader writes it: `items[0].name`, "" for the whole
 * @property {string} keyword of the schema
 * @property {string} text the validator's own words
 */

const MOST = 50;
/** Keywords whose faults only say that there are faults below. */
const PASSING = new Set([
  "properties", "items", "prefixItems", "additionalItems", "$ref", "$recursiveRef", "allOf", "if", "then", "else",
  "patternProperties", "dependentSchemas", "unevaluatedProperties", "unevaluatedItems",
]);

/**
 * What is wrong with a value; null where the schema itself cannot be used.
 * @param {unknown} schema
 * @param {unknown} value
 * @returns {Fault[] | null}
 */
export function faultsOf(schema, value) {
  if (schema === true) return [];
  if (typeof schema !== "object" || schema === null) return null;
  try {
    const { errors } = new Validator(schema, draftOf(schema), false).validate(value);
    const told = errors.filter(({ keyword }) => !PASSING.has(keyword));
    return (told.length ? told : errors).slice(0, MOST).map(({ instanceLocation, keyword, error }) => ({
      path: readable(instanceLocation),
      keyword,
      text: error,
    }));
  } catch (error) {
    // A reference that leads nowhere or in circles, a pattern that is none: what is wrong is the schema.
    if (error instanceof Error) return null;
    throw error;
  }
}

/** @param {object} schema @returns {"4" | "7" | "2019-09" | "2020-12"} */
function draftOf(schema) {
  const named = "$schema" in schema ? String(schema.$schema) : "";
  if (named.includes("draft-04")) return "4";
  if (named.includes("draft-06") || named.includes("draft-07")) return "7";
  return named.includes("2019-09") ? "2019-09" : "2020-12";
}

/** `#/items/0/name` as `items[0].name`. @param {string} location */
function readable(location) {
  let path = "";
  for (const step of location.split("/").slice(1)) {
    const name = decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
    if (/^\d+$/.test(name)) path += `[${name}]`;
    else path += path ? `.${name}` : name;
  }
  return path;
}
