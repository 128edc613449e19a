// @ts-check
/** `<details data-menu>`: one open at a time; closed by Esc, by a choice, by a press elsewhere. */

export function start() {
  document.addEventListener("click", (event) => {
    const inside = event.target instanceof Element ? event.target : null;
    for (const menu of openMenus()) {
      const within = inside !== null && menu.contains(inside);
      if (!within || inside.closest("[data-menu] a, [data-menu] [data-menu-item]")) menu.open = false;
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    for (const menu of openMenus()) {
      menu.open = false;
      if (menu.contains(document.activeElement)) menu.querySelector("summary")?.focus();
      event.preventDefault();
    }
  });
  document.addEventListener(
    "toggle",
    (event) => {
      if (!(event.target instanceof HTMLDetailsElement) || !event.target.open) return;
      if (!event.target.matches("[data-menu]")) return;
      for (const menu of openMenus()) if (menu !== event.target) menu.open = false;
    },
    true,
  );
}

/** @returns {HTMLDetailsElement[]} */
function openMenus() {
  return [...document.querySelectorAll("details[data-menu][open]")].filter((menu) => menu instanceof HTMLDetailsElement);
}
