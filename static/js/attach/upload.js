// @ts-check
/** Giving a file, or an image's address, to the server. */
import { csrfToken } from "../csrf.js";
import { gettext } from "../i18n.js";
import { post } from "../request.js";

/** @import { Kept } from "./chip.js" */
/** @typedef {{kept: Kept, problem: ""} | {kept: null, problem: string}} Outcome */

/** What one attachment may have; the server judges again. */
const MAX_BYTES = 20 * 1024 * 1024;

/**
 * `fetch` cannot tell how far an upload is.
 * @param {string} url @param {File} file @param {(share: number) => void} progress 0 … 1 @param {AbortSignal} signal
 * @returns {Promise<Outcome>}
 */
export function upload(url, file, progress, signal) {
  if (file.size > MAX_BYTES) return Promise.resolve(failed(tooLarge()));
  const body = new FormData();
  body.set("file", file, file.name || "pasted");
  const request = new XMLHttpRequest();
  return new Promise((resolve) => {
    request.open("POST", url);
    request.setRequestHeader("X-CSRFToken", csrfToken());
    request.setRequestHeader("HX-Request", "true");
    request.upload.addEventListener("progress", ({ loaded, total }) => progress(total ? loaded / total : 0));
    request.addEventListener("load", () => resolve(outcome(request)));
    request.addEventListener("error", () => resolve(failed(gettext("The server could not be reached. Try again."))));
    request.addEventListener("abort", () => resolve(failed("")));
    signal.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}

/** @param {string} url @param {string} address @returns {Promise<Outcome>} */
export async function fetchAddress(url, address) {
  const result = await post(url, new URLSearchParams({ url: address }));
  if (result.ok) return { kept: JSON.parse(result.html), problem: "" };
  return failed(sentence(result.html) || result.problem);
}

/** @param {XMLHttpRequest} request @returns {Outcome} */
function outcome(request) {
  if (request.status === 200) return { kept: JSON.parse(request.responseText), problem: "" };
  if (request.status === 413) return failed(tooLarge());
  if (request.status === 401) return failed(gettext("You are signed out. Sign in and try again."));
  const whole = /^\s*<(?:!doctype|html)/i.test(request.responseText);
  return failed((whole ? "" : sentence(request.responseText)) || gettext("The server could not take this file."));
}

/** @param {string} problem @returns {Outcome} */
function failed(problem) {
  return { kept: null, problem };
}

function tooLarge() {
  return gettext("This is larger than 20 MB, the most that one attachment may have.");
}

/** What a fragment of the server says. @param {string} html */
function sentence(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return (template.content.textContent ?? "").trim().replace(/\s+/g, " ");
}
