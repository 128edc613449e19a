// @ts-check
/** A schema as code: "Copy as" JSON, a pydantic model or a TypeScript type, made by the server. */
import { copy as copyText } from "../copy.js";
import { elements } from "../dom.js";
import { gettext } from "../i18n.js";
import { laidOut } from "../json_text.js";
import { post } from "../request.js";
import { toast } from "../toasts.js";

/**
 * Let the buttons `[data-schema-copy]` below `root` copy what `source` says.
 * @param {HTMLElement} root @param {() => {schema: string, name: string, json?: string}} source
 */
export function bindCode(root, source) {
  for (const button of elements(root, "[data-schema-copy]")) {
    button.addEventListener("click", () => {
      button.closest("details")?.removeAttribute("open");
      const { schema, name, json } = source();
      void copyAs(button, button.dataset["schemaCopy"] ?? "json", { schema, name, json: json ?? schema });
    });
  }
}

/** @param {HTMLElement} button @param {string} language @param {{schema: string, name: string, json: string}} given */
async function copyAs(button, language, { schema, name, json }) {
  if (language === "json") return copyText(button, laidOut(json));
  const result = await post("/tools/code/", new URLSearchParams({ schema, name, language }));
  if (!result.ok) return toast(result.problem, "bad");
  /** @type {{code: string, problem: string}} */
  const { code, problem } = JSON.parse(result.html);
  if (problem) return toast(problem, "bad");
  await copyText(button, code);
  toast(language === "python" ? gettext("The Python model is copied.") : gettext("The TypeScript type is copied."), "good");
}
