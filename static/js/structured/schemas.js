// @ts-check
/** The schemas an exchange was sent with, fetched once for each exchange that somebody looks at. */
import { get } from "../request.js";

/**
 * @typedef {object} Schemas
 * @property {Record<string, unknown>} tools the schema of each function's arguments
 * @property {unknown} answer the schema of the answer, or null
 * @property {string} name of that schema
 * @property {string} format the type of response_format, "" where none was sent
 */

/** @type {Map<string, Promise<Schemas | null>>} */
const known = new Map();

/** @param {string} exchange @returns {Promise<Schemas | null>} null where they cannot be had */
export function schemasOf(exchange) {
  // A shared snapshot has no exchanges to ask about.
  if (!document.body.dataset["socket"]) return Promise.resolve(null);
  const found = known.get(exchange) ?? fetched(exchange);
  known.set(exchange, found);
  return found;
}

/** @param {string} exchange @returns {Promise<Schemas | null>} */
async function fetched(exchange) {
  const result = await get(`/exchanges/${exchange}/schemas/`);
  if (result.ok) return JSON.parse(result.html);
  known.delete(exchange); // another look may have more luck
  return null;
}
