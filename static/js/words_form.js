// @ts-check
/** A form in the transcript for what a message says: its role and its text. */
import { make } from "./dom.js";
import { gettext } from "./i18n.js";

const ROLES = ["user", "assistant", "system", "developer", "tool"];

/**
 * @typedef {object} Said
 * @property {string} role
 * @property {string} text
 * @property {string} tool_call_id
 */

/**
 * Build the form. `save` says whether it could be kept: then the form goes.
 * @param {{role: string, text?: string, label: string, save: (said: Said) => Promise<boolean>, closed: () => void}} wish
 */
export function wordsForm({ role, text = "", label, save, closed }) {
  const roles = /** @type {HTMLSelectElement} */ (make("select", { class: "field words__role", "aria-label": gettext("Role of the message") }));
  for (const name of ROLES.includes(role) ? ROLES : [role, ...ROLES]) {
    roles.append(make("option", { value: name, ...(name === role ? { selected: "" } : {}) }, name));
  }
  const call = /** @type {HTMLInputElement} */ (
    make("input", { class: "field", "aria-label": gettext("tool_call_id"), placeholder: "tool_call_id", autocomplete: "off" })
  );
  const field = /** @type {HTMLTextAreaElement} */ (
    make("textarea", { class: "field", rows: "3", dir: "auto", "aria-label": label })
  );
  field.value = text;
  const done = /** @type {HTMLButtonElement} */ (
    make("button", { type: "submit", class: "btn btn--primary btn--small" }, gettext("Save"))
  );
  const cancel = make("button", { type: "button", class: "btn btn--small" }, gettext("Cancel"));
  const first = make("div", { class: "words__first" }, make("span", { class: "pick" }, roles), call);
  const form = make("form", { class: "msg__edit words" }, first, field, make("div", { class: "msg__edit-acts" }, cancel, done));
  const showCall = () => (call.hidden = roles.value !== "tool");
  const close = () => {
    form.remove();
    closed();
  };
  showCall();
  roles.addEventListener("change", showCall);
  cancel.addEventListener("click", close);
  form.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "Escape") close();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) done.click();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (done.getAttribute("aria-busy") === "true") return;
    done.setAttribute("aria-busy", "true");
    void save({ role: roles.value, text: field.value, tool_call_id: call.value }).then((kept) => {
      done.removeAttribute("aria-busy");
      if (kept && form.isConnected) close();
    });
  });
  return { form, focus: () => field.focus() };
}
