// @ts-check
/**
 * Values against JSON Schema, away from the page. A schema's `pattern` comes from anybody, and some patterns keep a regular
 * expression at work for longer than anybody waits: in a worker nothing stands still meanwhile, and it can be ended.
 *
 * A bundle of its own, fetched when there is something to check, and both sides of it: the worker gets the same address.
 */
import { faultsOf as find } from "./validation.js";

/** @typedef {import("./validation.js").Fault} Fault */
/** @typedef {{schema: unknown, value: unknown}} Question */

const LIMIT_MS = 3_000;

/** @type {Worker | null} */
let worker = null;
/** @type {Promise<unknown>} one question at a time, so that it is known which one takes too long */
let last = Promise.resolve();
/** @type {WeakSet<object>} schemas that took too long once */
const slow = new WeakSet();

if (typeof document === "undefined") {
  addEventListener("message", ({ data }) => {
    const { schema, value } = /** @type {Question} */ (data);
    postMessage({ faults: find(schema, value) });
  });
  postMessage({});
}

/**
 * What is wrong with a value; null where the schema cannot be used, because it is none or takes too long.
 * @param {unknown} schema
 * @param {unknown} value
 * @returns {Promise<Fault[] | null>}
 */
export function faultsOf(schema, value) {
  const next = last.then(() => ask(schema, value));
  last = next.catch(() => null); // whoever asked hears of it
  return next;
}

/** @param {unknown} schema @param {unknown} value @returns {Promise<Fault[] | null>} */
async function ask(schema, value) {
  if (typeof schema === "object" && schema !== null && slow.has(schema)) return null;
  worker ??= await begun();
  if (!worker) return null;
  const answer = next(worker, LIMIT_MS);
  worker.postMessage({ schema, value });
  const said = await answer;
  if (said) return said.faults;
  if (typeof schema === "object" && schema !== null) slow.add(schema);
  worker.terminate();
  worker = null;
  return null;
}

/** A worker that has read its code; null where the browser starts none. */
async function begun() {
  const made = new Worker(import.meta.url, { type: "module" });
  return (await next(made)) ? made : null;
}

/**
 * What a worker says next; null where it fails, or says nothing in time.
 * @param {Worker} from @param {number} [limit] milliseconds @returns {Promise<{faults: Fault[] | null} | null>}
 */
function next(from, limit) {
  return new Promise((resolve) => {
    const heard = new AbortController();
    /** @param {Event} [event] */
    const said = (event) => {
      clearTimeout(timer);
      heard.abort();
      resolve(event instanceof MessageEvent && event.type === "message" ? event.data : null);
    };
    const timer = limit === undefined ? 0 : setTimeout(said, limit);
    for (const type of ["message", "error", "messageerror"]) from.addEventListener(type, said, { signal: heard.signal });
  });
}
