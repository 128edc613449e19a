// @ts-check
/** How files come in: chosen, pasted, or dropped anywhere on the page. */

/**
 * @param {HTMLElement} form where pasting counts
 * @param {HTMLElement} zone shows that something may be dropped
 * @param {(files: File[]) => void} take
 */
export function takeFiles(form, zone, take) {
  form.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    // Some programs put a picture of the text beside the text: then the text is meant.
    if (files.length === 0 || event.clipboardData?.getData("text/plain")) return;
    event.preventDefault();
    take(files);
  });
  let inside = 0;
  const over = (/** @type {boolean} */ is) => {
    inside = is ? inside : 0;
    zone.toggleAttribute("data-drop", is);
  };
  document.addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    inside += 1;
    over(true);
  });
  document.addEventListener("dragleave", (event) => {
    if (!hasFiles(event)) return;
    inside -= 1;
    if (inside <= 0) over(false);
  });
  document.addEventListener("dragover", (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    if (!hasFiles(event) || event.defaultPrevented) return over(false);
    event.preventDefault();
    over(false);
    take([...(event.dataTransfer?.files ?? [])]);
  });
}

/** @param {DragEvent} event */
function hasFiles(event) {
  const dialog = document.querySelector("dialog[open]");
  return !dialog && (event.dataTransfer?.types.includes("Files") ?? false);
}
