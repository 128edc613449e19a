// @ts-check
/** Schemas to begin with, each as strict mode takes it. */
import { gettext } from "../i18n.js";

/** @param {Record<string, unknown>} properties */
function object(properties) {
  return { type: "object", properties, required: Object.keys(properties), additionalProperties: false };
}

/** @param {string} [description] */
function text(description) {
  return description ? { type: "string", description } : { type: "string" };
}

/** @typedef {{id: string, label: string, name: string, schema: {properties: Record<string, unknown>, [keyword: string]: unknown}}} SchemaTemplate */

/** @returns {SchemaTemplate[]} */
export function schemaTemplates() {
  return [
    {
      id: "extraction",
      label: gettext("Extraction"),
      name: "extraction",
      schema: object({
        title: text("What the text is about"),
        people: { type: "array", items: object({ name: text(), role: { type: ["string", "null"] } }) },
        dates: { type: "array", items: text("As YYYY-MM-DD") },
        amounts: { type: "array", items: object({ value: { type: "number" }, currency: text() }) },
      }),
    },
    {
      id: "classification",
      label: gettext("Classification"),
      name: "classification",
      schema: object({
        label: { type: "string", enum: ["positive", "neutral", "negative"] },
        confidence: { type: "number", description: "From 0 to 1" },
        reason: text(),
      }),
    },
    {
      id: "list",
      label: gettext("List of objects"),
      name: "items",
      schema: object({ items: { type: "array", items: object({ name: text(), description: text(), score: { type: "integer" } }) } }),
    },
    {
      id: "steps",
      label: gettext("Steps to an answer"),
      name: "steps",
      schema: object({ steps: { type: "array", items: object({ explanation: text(), output: text() }) }, answer: text() }),
    },
    {
      id: "verdict",
      label: gettext("Verdict"),
      name: "verdict",
      schema: object({ criteria: { type: "array", items: object({ name: text(), met: { type: "boolean" }, why: text() }) }, passed: { type: "boolean" } }),
    },
    {
      id: "tree",
      label: gettext("Tree (recursive)"),
      name: "tree",
      schema: {
        ...object({ root: { $ref: "#/$defs/node" } }),
        $defs: { node: object({ label: text(), children: { type: "array", items: { $ref: "#/$defs/node" } } }) },
      },
    },
  ];
}
