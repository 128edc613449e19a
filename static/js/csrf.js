// @ts-check
/** The token that Django wants with every request that changes something: where base.html gives it to htmx, or a form. */

export function csrfToken() {
  const headers = document.body.getAttribute("hx-headers");
  const token = headers ? JSON.parse(headers)["x-csrftoken"] : "";
  if (token) return String(token);
  const field = document.querySelector('input[name="csrfmiddlewaretoken"]');
  return field instanceof HTMLInputElement ? field.value : "";
}
