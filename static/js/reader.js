// @ts-check
/**
 * The page behind a shared link: renders its Markdown, copies, prints, opens what is kept of an exchange in place.
 * Everything can be read without it. No socket, no htmx.
 */
import { start as startCopy } from "./copy.js";
import { bind as bindSavedMarkdown } from "./markdown/saved.js";
import { start as startShared } from "./shared.js";
import { bind as bindToasts, start as startToasts } from "./toasts.js";

startToasts();
startCopy();
startShared();
bindSavedMarkdown(document);
bindToasts(document);
