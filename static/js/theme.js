// @ts-check
/** Light, dark or as the system. A cookie keeps it, so that the server writes the next page in it at once. */
import { delegate } from "./dom.js";

const YEAR_S = 31_536_000;

export function start() {
  delegate("click", "[data-theme-choice]", (button) => choose(button.dataset["themeChoice"] ?? "system"));
}

/** @param {string} choice "light", "dark" or "system" */
function choose(choice) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  const kept = choice === "system" ? "theme=; Max-Age=0" : `theme=${choice}; Max-Age=${YEAR_S}`;
  document.cookie = `${kept}; Path=/; SameSite=Lax${secure}`;
  if (choice === "system") document.documentElement.removeAttribute("data-theme");
  else document.documentElement.setAttribute("data-theme", choice);
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.getAttribute("data-theme-choice") === choice));
  }
}
