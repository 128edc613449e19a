// @ts-check
/** What an ended answer has besides text: sounds, images, and what it did not honour. The server writes it as it does a page. */
import { elements } from "./dom.js";
import { insert } from "./fragments.js";
import { get } from "./request.js";

export function start() {
  document.addEventListener("exchange:ended", (event) => {
    const { exchange, more } = /** @type {CustomEvent<{exchange: string, more: boolean}>} */ (event).detail;
    if (more) void show(exchange);
  });
}

/** @param {string} exchange */
async function show(exchange) {
  const result = await get(`/exchanges/${exchange}/rest/`);
  // Nothing is lost: a reload shows it.
  if (!result.ok) return console.warn("What came with an answer could not be fetched.", exchange, result.status);
  const rest = document.createElement("template");
  rest.innerHTML = result.html;
  for (const article of elements(document, `article[data-exchange="${CSS.escape(exchange)}"]`)) {
    put(article, "[data-media]", rest.content.querySelector(`[data-rest-media="${article.dataset["choice"] ?? 0}"]`));
    note(article, rest.content.querySelector("[data-rest-notes]"));
  }
}

/** @param {HTMLElement} article @param {string} selector @param {Element | null} from */
function put(article, selector, from) {
  const place = article.querySelector(selector);
  if (place && from) insert(place, from.innerHTML, "innerHTML");
}

/** @param {HTMLElement} article @param {Element | null} from */
function note(article, from) {
  const stats = article.querySelector("[data-stats]");
  if (!(stats instanceof HTMLElement) || !(from instanceof HTMLTemplateElement)) return;
  for (const before of stats.querySelectorAll(".stats__note")) before.remove();
  stats.append(from.content.cloneNode(true));
  if (stats.querySelector("dd")) stats.hidden = false;
}
