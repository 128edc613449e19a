// @ts-check
/** The dialog that makes columns from a list: models, or values of one parameter. */
import { delegate, elements, fresh, part } from "./dom.js";
import { problemNodes } from "./field_message.js";
import { post } from "./request.js";
import { keepSettings } from "./settings.js";

/** @param {ParentNode} root */
export function bind(root) {
  for (const form of fresh(root, "form[data-sweep]")) {
    if (!(form instanceof HTMLFormElement)) continue;
    form.addEventListener("change", ({ target }) => {
      if (target instanceof HTMLInputElement && target.name === "over") swapValues(form);
      showFields(form);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void make(form);
    });
  }
}

export function start() {
  delegate("click", '[data-dialog-open="#sweep"]', () => {
    const form = document.querySelector("form[data-sweep]");
    if (form instanceof HTMLFormElement) offer(form);
  });
}

/** Offer what the chosen column knows: its models, its parameters. @param {HTMLFormElement} form */
function offer(form) {
  const names = elements(document, "[data-parameter-panel] [data-param]").map((row) => row.dataset["param"] ?? "");
  const options = names.filter((name) => name !== "").map((name) => new Option("", name));
  part(form, "datalist").replaceChildren(...options);
  const values = form.elements.namedItem("values");
  if (values instanceof HTMLTextAreaElement && values.value === "" && chosen(form) === "models") {
    const models = [...document.querySelectorAll("datalist[data-models] option")];
    values.value = models.slice(0, 8).map((option) => option.getAttribute("value") ?? "").join("\n");
  }
  showFields(form);
}

/** Models are no values of a parameter: each kind has a list of its own. @param {HTMLFormElement} form */
function swapValues(form) {
  const values = form.elements.namedItem("values");
  if (!(values instanceof HTMLTextAreaElement)) return;
  const { value } = values;
  values.value = values.dataset["other"] ?? "";
  values.dataset["other"] = value;
}

/** @param {HTMLFormElement} form */
function chosen(form) {
  return new FormData(form).get("over");
}

/** @param {HTMLFormElement} form */
function showFields(form) {
  part(form, "[data-sweep-parameter]").hidden = chosen(form) !== "parameter";
}

/** @param {HTMLFormElement} form */
async function make(form) {
  const button = part(form, '[type="submit"]');
  button.setAttribute("aria-busy", "true");
  await keepSettings();
  const fields = new FormData(form);
  const composer = document.querySelector("form[data-composer]");
  if (composer instanceof HTMLFormElement) fields.set("column", String(new FormData(composer).get("column") ?? ""));
  const result = await post(form.action, fields);
  button.removeAttribute("aria-busy");
  const place = part(form, "[data-form-error]");
  place.hidden = result.ok;
  if (result.ok) return location.assign(location.pathname);
  place.replaceChildren(...problemNodes(result, () => void make(form)));
}
