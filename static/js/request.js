// @ts-check
/** Requests of the page's own code: what came back as a value, every failure as a sentence. Nothing here throws. */
import { csrfToken } from "./csrf.js";
import { gettext } from "./i18n.js";

/** Browsers take 64 KiB along from a page that goes away, the parts of multipart included. */
const LAST_BYTES = 20_000;

/**
 * @typedef {object} Result
 * @property {boolean} ok
 * @property {number} status 0 when no answer came
 * @property {string} html the body: a fragment; also what the server says about a refused request, else ""
 * @property {string} problem a sentence for the person, "" when ok
 * @property {boolean} signedOut
 * @property {boolean} aborted
 */

/**
 * Goes out as multipart: the plain form encoding makes nine bytes of each Chinese character. Without fields it goes out
 * without a body: Twisted answers a multipart body that has no part with 400.
 * @param {string} url
 * @param {URLSearchParams | FormData} [body]
 * @param {AbortSignal} [signal]
 * @returns {Promise<Result>}
 */
export function post(url, body = new URLSearchParams(), signal) {
  return send(url, posted(body), signal);
}

/**
 * As `post`, while the page goes away: it arrives although nobody waits for its answer.
 * @param {string} url
 * @param {URLSearchParams} body
 * @returns {Promise<Result>}
 */
export function postLast(url, body) {
  return send(url, { ...posted(body), keepalive: `${body}`.length < LAST_BYTES });
}

/** @param {URLSearchParams | FormData} body @returns {RequestInit} */
function posted(body) {
  const fields = body instanceof FormData ? body : new FormData();
  if (body instanceof URLSearchParams) for (const [name, value] of body) fields.append(name, value);
  const sent = fields.keys().next().done ? null : fields;
  return { method: "POST", body: sent, headers: { "X-CSRFToken": csrfToken() } };
}

/** @param {string} url @param {AbortSignal} [signal] @returns {Promise<Result>} */
export function get(url, signal) {
  return send(url, { method: "GET" }, signal);
}

/**
 * @param {string} url
 * @param {RequestInit} init
 * @param {AbortSignal} [signal]
 * @returns {Promise<Result>}
 */
async function send(url, init, signal) {
  try {
    const response = await fetch(url, {
      ...init,
      headers: { ...init.headers, "HX-Request": "true" },
      signal: signal ?? null,
      credentials: "same-origin",
    });
    const text = await response.text();
    // An error page of the framework or of a proxy is a whole document; our own words are a fragment.
    const html = response.ok || !/^\s*<(?:!doctype|html)/i.test(text) ? text : "";
    const signedOut = response.status === 401 || (response.redirected && response.url.includes("/accounts/"));
    const ok = response.ok && !signedOut;
    const problem = ok ? "" : signedOut ? signedOutSentence() : told(response, html) || sentence(response);
    return { ok, status: response.status, html, problem, signedOut, aborted: false };
  } catch (error) {
    const aborted = error instanceof DOMException && error.name === "AbortError";
    if (!aborted) console.warn("A request got no answer.", url, error);
    return { ok: false, status: 0, html: "", problem: noAnswer(), signedOut: false, aborted };
  }
}

/** What the server says about what one may not do, or what was changed meanwhile. @param {Response} response @param {string} html */
function told({ status }, html) {
  if ((status !== 403 && status !== 409) || html === "") return "";
  const template = document.createElement("template");
  template.innerHTML = html;
  return (template.content.textContent ?? "").trim().replace(/\s+/g, " ");
}

function noAnswer() {
  return navigator.onLine
    ? gettext("The server could not be reached. What you typed is kept; try again.")
    : gettext("You are offline. What you typed is kept; try again when the network is back.");
}

function signedOutSentence() {
  return gettext("You are signed out. What you typed is kept; sign in and send it again.");
}

/** @param {Response} response */
function sentence({ status, headers }) {
  const after = Number(headers.get("Retry-After"));
  switch (status) {
    case 403:
      return gettext("The server refused this: the page is out of date or you may not do it. Reload and try again.");
    case 404:
      return gettext("This is not there any more, or it is not yours.");
    case 409:
      return gettext("This was changed elsewhere in the meantime. Reload to see how it is now.");
    case 413:
      return gettext("This is too long for the server. Shorten it and send it again.");
    case 422:
      return gettext("Something in the form needs another look.");
    case 429:
      return after > 0
        ? gettext("Too many requests. Wait a little and try again.")
        : gettext("Too many requests at once. Try again in a moment.");
    case 503:
      return gettext("The server is restarting. What you typed is kept; try again in a moment.");
    default:
      return `${gettext("The server could not do this.")} (${status})`;
  }
}
