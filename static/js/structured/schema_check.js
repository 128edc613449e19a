// @ts-check
/**
 * What is wrong with a JSON Schema itself, and what keeps it from OpenAI's strict mode. Pure: values in, places and
 * sentences out. A validator would notice little of this: it ignores what it does not know.
 */
import { gettext, interpolate } from "../i18n.js";

/**
 * @typedef {(string | number)[]} Path
 * @typedef {{path: Path, level: "bad" | "warn", text: string, strict?: boolean}} Problem
 * @typedef {Record<string, unknown>} Schema
 */

const TYPES = new Set(["object", "array", "string", "number", "integer", "boolean", "null"]);
const DEEPEST = 60;
const MOST_PROBLEMS = 60;

/** Keywords by what they hold. */
const ONE = ["not", "if", "then", "else", "contains", "propertyNames", "additionalProperties", "additionalItems", "unevaluatedItems", "unevaluatedProperties"];
const LISTS = ["anyOf", "oneOf", "allOf", "prefixItems"];
const MAPS = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];
const COUNTS = ["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains", "maxContains"];
const NUMBERS = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
const TEXTS = ["title", "description", "format", "$id", "$schema", "$comment", "$anchor", "contentEncoding", "contentMediaType"];
const FLAGS = ["uniqueItems", "deprecated", "readOnly", "writeOnly"];
const OTHER = ["type", "enum", "const", "default", "examples", "required", "items", "pattern", "$ref", "$dynamicRef", "$dynamicAnchor", "$recursiveRef", "$recursiveAnchor", "dependencies", "dependentRequired", "contentSchema", "$vocabulary", "id"];
const KNOWN = new Set([...ONE, ...LISTS, ...MAPS, ...COUNTS, ...NUMBERS, ...TEXTS, ...FLAGS, ...OTHER]);

/** OpenAI's documented limits of strict mode. */
const STRICT = { levels: 10, properties: 5000, enumValues: 1000, longEnum: 250, longEnumText: 15_000, text: 120_000 };
const NOT_STRICT = ["allOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas", "patternProperties", "unevaluatedProperties", "propertyNames"];

/** @param {unknown} schema @returns {Problem[]} in the order of the text */
export function problemsOf(schema) {
  /** @type {Problem[]} */
  const problems = [];
  new Checker(schema, problems).check(schema, []);
  return problems.slice(0, MOST_PROBLEMS);
}

class Checker {
  #root;
  #problems;

  /** @param {unknown} root @param {Problem[]} problems */
  constructor(root, problems) {
    this.#root = root;
    this.#problems = problems;
  }

  /** @param {Path} path @param {string} text @param {"bad" | "warn"} [level] */
  #say(path, text, level = "bad") {
    this.#problems.push({ path, level, text });
  }

  /** @param {unknown} schema @param {Path} path */
  check(schema, path) {
    if (typeof schema === "boolean" || this.#problems.length > MOST_PROBLEMS) return;
    if (!isObject(schema)) return this.#say(path, gettext("A schema is an object, true or false."));
    if (path.length > DEEPEST * 2) return this.#say(path, gettext("This is nested too deeply."));
    for (const [keyword, value] of Object.entries(schema)) this.#keyword(schema, keyword, value, [...path, keyword]);
  }

  /** @param {Schema} schema @param {string} keyword @param {unknown} value @param {Path} path */
  #keyword(schema, keyword, value, path) {
    if (ONE.includes(keyword)) this.check(value, path);
    else if (LISTS.includes(keyword)) this.#list(value, path);
    else if (MAPS.includes(keyword)) this.#map(value, path, keyword === "patternProperties");
    else if (COUNTS.includes(keyword)) this.#count(value, path);
    else if (NUMBERS.includes(keyword)) this.#number(value, path);
    else if (TEXTS.includes(keyword)) {
      if (typeof value !== "string") this.#say(path, gettext("Text is needed here."));
    } else if (FLAGS.includes(keyword)) {
      if (typeof value !== "boolean") this.#say(path, gettext("true or false is needed here."));
    } else this.#special(schema, keyword, value, path);
  }

  /** @param {Schema} schema @param {string} keyword @param {unknown} value @param {Path} path */
  #special(schema, keyword, value, path) {
    switch (keyword) {
      case "type":
        return this.#type(value, path);
      case "required":
        return this.#required(schema, value, path);
      case "enum":
        if (!Array.isArray(value) || value.length === 0) this.#say(path, gettext("A list with at least one value is needed here."));
        return;
      case "items":
        return Array.isArray(value) ? this.#list(value, path) : this.check(value, path);
      case "pattern":
        return this.#pattern(value, path);
      case "$ref":
        return this.#reference(value, path);
      default:
        if (KNOWN.has(keyword) || keyword.startsWith("x-")) return;
        this.#say(path, interpolate(gettext("%(keyword)s is no keyword of JSON Schema and will be ignored."), { keyword }), "warn");
    }
  }

  /** @param {unknown} value @param {Path} path */
  #type(value, path) {
    const types = Array.isArray(value) ? value : [value];
    const wrong = types.find((type) => typeof type !== "string" || !TYPES.has(type));
    if (types.length === 0 || wrong !== undefined) {
      this.#say(path, interpolate(gettext("The type must be one of %(types)s."), { types: [...TYPES].join(", ") }));
    }
  }

  /** @param {Schema} schema @param {unknown} value @param {Path} path */
  #required(schema, value, path) {
    if (!Array.isArray(value) || value.some((name) => typeof name !== "string")) {
      return this.#say(path, gettext("A list of names is needed here."));
    }
    const members = isObject(schema["properties"]) ? schema["properties"] : null;
    for (const name of members ? value : []) {
      if (!Object.hasOwn(/** @type {object} */ (members), name)) {
        this.#say(path, interpolate(gettext("%(name)s is required, but not among the properties."), { name }), "warn");
      }
    }
  }

  /** @param {unknown} value @param {Path} path */
  #list(value, path) {
    if (!Array.isArray(value) || value.length === 0) return this.#say(path, gettext("A list of schemas is needed here."));
    value.forEach((each, number) => this.check(each, [...path, number]));
  }

  /** @param {unknown} value @param {Path} path @param {boolean} patterns */
  #map(value, path, patterns) {
    if (!isObject(value)) return this.#say(path, gettext("An object is needed here: a schema for each name."));
    for (const [name, each] of Object.entries(value)) {
      if (patterns) this.#pattern(name, [...path, name]);
      this.check(each, [...path, name]);
    }
  }

  /** @param {unknown} value @param {Path} path */
  #count(value, path) {
    if (typeof value !== "number" || !Number.isInteger(value) || value < 0) {
      this.#say(path, gettext("A whole number from 0 on is needed here."));
    }
  }

  /** @param {unknown} value @param {Path} path */
  #number(value, path) {
    if (typeof value !== "number") this.#say(path, gettext("A number is needed here."));
    else if (path.at(-1) === "multipleOf" && value <= 0) this.#say(path, gettext("A number above 0 is needed here."));
  }

  /** @param {unknown} value @param {Path} path */
  #pattern(value, path) {
    if (typeof value !== "string") return this.#say(path, gettext("Text is needed here."));
    try {
      new RegExp(value, "u");
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      this.#say(path, gettext("This is no regular expression."));
    }
  }

  /** @param {unknown} value @param {Path} path */
  #reference(value, path) {
    if (typeof value !== "string") return this.#say(path, gettext("Text is needed here."));
    if (value.startsWith("#") && (value === "#" || value.startsWith("#/")) && found(this.#root, value) === undefined) {
      this.#say(path, interpolate(gettext("There is nothing at %(place)s."), { place: value }));
    } else if (!value.startsWith("#")) {
      this.#say(path, gettext("This leads out of the schema; nobody will fetch it."), "warn");
    }
  }
}

// -- strict mode ---------------------------------------------------------------------------------------------------------

/** What OpenAI's strict mode would refuse. @param {unknown} schema @returns {Problem[]} */
export function strictProblems(schema) {
  /** @type {Problem[]} */
  const problems = [];
  const sums = { properties: 0, enumValues: 0, text: 0 };
  /** @param {Path} path @param {string} text */
  const say = (path, text) => problems.push({ path, level: "warn", text: `${gettext("Strict mode:")} ${text}`, strict: true });
  if (!isObject(schema)) return problems;
  if (schema["type"] !== "object") say([], gettext("the outermost schema must be an object."));
  if (schema["anyOf"]) say(["anyOf"], gettext("the outermost schema may not be anyOf."));
  walk(schema, [], 0, (each, path, level) => {
    for (const keyword of NOT_STRICT) {
      if (Object.hasOwn(each, keyword)) say([...path, keyword], interpolate(gettext("%(keyword)s is not supported."), { keyword }));
    }
    if (level === STRICT.levels + 1) say(path, interpolate(gettext("objects may lie within each other up to %(levels)s levels."), { levels: STRICT.levels }));
    const members = isObject(each["properties"]) ? each["properties"] : null;
    if (isObjectSchema(each)) strictObject(each, members, path, say);
    const names = Object.keys(members ?? {});
    sums.properties += names.length;
    sums.text += names.join("").length;
    strictEnum(each, path, sums, say);
  });
  strictSums(sums, say);
  return problems.slice(0, MOST_PROBLEMS);
}

/** @param {Schema} each @param {Schema | null} members @param {Path} path @param {(path: Path, text: string) => void} say */
function strictObject(each, members, path, say) {
  if (each["additionalProperties"] !== false) say(path, gettext("additionalProperties must be false."));
  const required = Array.isArray(each["required"]) ? each["required"] : [];
  const optional = Object.keys(members ?? {}).filter((name) => !required.includes(name));
  if (optional.length) {
    say(path, interpolate(gettext("every property must be required; missing: %(names)s."), { names: optional.join(", ") }));
  }
}

/** @param {Schema} each @param {Path} path @param {{enumValues: number, text: number}} sums @param {(path: Path, text: string) => void} say */
function strictEnum(each, path, sums, say) {
  if (!Array.isArray(each["enum"])) return;
  const text = each["enum"].filter((value) => typeof value === "string").join("").length;
  sums.enumValues += each["enum"].length;
  sums.text += text;
  if (each["enum"].length > STRICT.longEnum && text > STRICT.longEnumText) {
    const values = { count: STRICT.longEnum, most: STRICT.longEnumText };
    say([...path, "enum"], interpolate(gettext("an enum of more than %(count)s values may hold %(most)s characters."), values));
  }
}

/** @param {{properties: number, enumValues: number, text: number}} sums @param {(path: Path, text: string) => void} say */
function strictSums(sums, say) {
  if (sums.properties > STRICT.properties) say([], interpolate(gettext("there may be %(most)s properties in all."), { most: STRICT.properties }));
  if (sums.enumValues > STRICT.enumValues) say([], interpolate(gettext("there may be %(most)s enum values in all."), { most: STRICT.enumValues }));
  if (sums.text > STRICT.text) say([], interpolate(gettext("names and enum values may hold %(most)s characters in all."), { most: STRICT.text }));
}

/** The schema as strict mode wants it: objects closed, everything required, what was optional may be null. @param {unknown} schema @returns {unknown} */
export function madeStrict(schema) {
  if (Array.isArray(schema)) return schema.map(madeStrict);
  if (!isObject(schema)) return schema;
  /** @type {Schema} */
  const made = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (MAPS.includes(keyword) && isObject(value)) {
      made[keyword] = Object.fromEntries(Object.entries(value).map(([name, each]) => [name, madeStrict(each)]));
    } else {
      made[keyword] = keyword === "enum" || keyword === "const" || keyword === "default" || keyword === "required" ? value : madeStrict(value);
    }
  }
  if (!isObjectSchema(schema)) return made;
  const members = isObject(made["properties"]) ? made["properties"] : {};
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  for (const name of Object.keys(members)) if (!required.includes(name)) members[name] = nullable(members[name]);
  return { ...made, properties: members, required: Object.keys(members), additionalProperties: false };
}

/** @param {unknown} schema */
function nullable(schema) {
  if (!isObject(schema)) return schema;
  const type = schema["type"];
  if (typeof type === "string" && type !== "null") {
    const enumeration = Array.isArray(schema["enum"]) && !schema["enum"].includes(null) ? { enum: [...schema["enum"], null] } : {};
    return { ...schema, type: [type, "null"], ...enumeration };
  }
  if (Array.isArray(type)) return type.includes("null") ? schema : { ...schema, type: [...type, "null"] };
  return { anyOf: [schema, { type: "null" }] };
}

/**
 * Visit a schema and those in it; `level` counts the objects and lists around.
 * @param {Schema} schema @param {Path} path @param {number} level @param {(schema: Schema, path: Path, level: number) => void} visit
 */
function walk(schema, path, level, visit) {
  if (path.length > DEEPEST * 2) return;
  visit(schema, path, level);
  /** @param {unknown} each @param {Path} at @param {number} inner */
  const into = (each, at, inner) => {
    if (isObject(each)) walk(each, at, inner, visit);
  };
  for (const [keyword, value] of Object.entries(schema)) {
    const inner = keyword === "properties" || keyword === "items" || keyword === "prefixItems" ? level + 1 : level;
    if (MAPS.includes(keyword) && isObject(value)) {
      for (const [name, each] of Object.entries(value)) into(each, [...path, keyword, name], inner);
    } else if (LISTS.includes(keyword) && Array.isArray(value)) {
      value.forEach((each, number) => into(each, [...path, keyword, number], inner));
    } else if (keyword === "items" || ONE.includes(keyword)) into(value, [...path, keyword], inner);
  }
}

/** @param {Schema} schema */
function isObjectSchema(schema) {
  const type = schema["type"];
  return type === "object" || (Array.isArray(type) && type.includes("object")) || (type === undefined && isObject(schema["properties"]));
}

/** @param {unknown} value @returns {value is Schema} */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What a local reference leads to. @param {unknown} root @param {string} reference */
function found(root, reference) {
  let at = root;
  for (const step of reference.split("/").slice(1)) {
    const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, name)) return undefined;
    at = /** @type {Record<string, unknown>} */ (at)[name];
  }
  return at;
}

/** A path as a reader writes it. @param {Path} path */
export function pathText(path) {
  return path.map((step, number) => (typeof step === "number" ? `[${step}]` : number ? `.${step}` : step)).join("");
}
