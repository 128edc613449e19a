// @ts-check
/** The token that Django wants with every request that changes something. */

export function csrfToken() {
  const field = document.querySelector('input[name="csrfmiddlewaretoken"]');
  if (field instanceof HTMLInputElement && field.value) return field.value;
  const cookie = document.cookie.split("; ").find((entry) => entry.startsWith("csrftoken="));
  return cookie ? decodeURIComponent(cookie.slice("csrftoken=".length)) : "";
}
