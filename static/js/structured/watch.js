// @ts-check
/** Looks out for answers that are JSON; what shows them (answer.js) is fetched with the first one. */
import { fresh } from "../dom.js";
import { Lazy } from "../lazy.js";
import { LIVE } from "../reply.js";

/** @typedef {import("./answer.js").StructuredAnswer} StructuredAnswer */

/** So many characters say whether an answer is JSON. */
const BEGINNING = 400;

const structured = new Lazy(() => import("./answer.js"));

/** @param {ParentNode} root */
export function bind(root) {
  for (const article of fresh(root, "article[data-exchange]", "structured")) watch(article);
}

/** Look at an answer once there is something in it, and each time it has grown. @param {HTMLElement} article */
function watch(article) {
  const source = article.querySelector("[data-markdown] > [data-source]");
  if (!(source instanceof HTMLElement) || !document.querySelector("template[data-structured-answer]")) return;
  let view = /** @type {StructuredAnswer | null} */ (null);
  let asked = false;
  const look = () => {
    if (view) return view.grown();
    if (asked || !looksLikeJson(beginning(source))) return;
    asked = true;
    void structured.load().then((behaviour) => {
      if (!behaviour) return;
      view ??= new behaviour.StructuredAnswer(article, source);
      view.grown();
    });
  };
  look();
  if (!article.matches(LIVE)) return;
  const observer = new MutationObserver(look);
  observer.observe(source, { childList: true, characterData: true, subtree: true });
  article.addEventListener("exchange:ended", () => {
    observer.disconnect();
    asked = false; // what could not be fetched is asked for once more, not with every word
    look();
  });
  // Of several choices only one article says that all have ended.
  document.addEventListener("exchange:ended", () => view?.grown());
}

/** What a text begins with, at the same cost however long it has grown. @param {HTMLElement} source */
function beginning(source) {
  let text = "";
  for (const node of source.childNodes) {
    if (text.length >= BEGINNING) break;
    text += node.textContent;
  }
  return text.slice(0, BEGINNING);
}

/** @param {string} text */
function looksLikeJson(text) {
  return /^\s*[[{]\s*["{}[\]\dtfn-]/.test(text);
}
