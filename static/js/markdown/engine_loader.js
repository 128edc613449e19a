// @ts-check
/** Fetches the engine once, as soon as somebody may need it. An empty page never does. */

/** @typedef {typeof import("./engine.js")} Engine */

const RETRY_MS = 5_000;

/** @type {Engine | null} */
let engine = null;
/** @type {Promise<void> | null} */
let loading = null;
let failed = false;

/** @returns {Engine | null} null until it is there */
export function markdownEngine() {
  return engine;
}

/** Whether the last try failed: then text is shown as it is. */
export function engineFailed() {
  return failed;
}

/** Begin to load; calling it again costs nothing. */
export function loadEngine() {
  if (engine) return;
  loading ??= import("./engine.js").then(
    (module) => {
      engine = module;
      failed = false;
    },
    (error) => {
      // Offline, or a deployment in between: readable text now, another try a little later.
      console.warn("The Markdown renderer could not be loaded.", error);
      failed = true;
      setTimeout(() => (loading = null), RETRY_MS);
    },
  );
}
