// @ts-check

/** The sentences of a fragment that says what is wrong. @param {string} html */
export function sentenceOf(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return (template.content.textContent ?? "").trim().replace(/\s+/g, " ");
}
