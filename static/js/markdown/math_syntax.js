// @ts-check
/**
 * `$…$`, `$$…$$`, `\(…\)` and `\[…\]` for marked. They become `<code class="math-…">` holding the source, which is
 * also what is shown when KaTeX refuses it. A dollar sign before a digit's price is not math: as in pandoc, the
 * opening `$` has no space after it, the closing one no space before and no digit behind.
 */

const INLINE = [/^\$(?![\s$])((?:\\.|[^\\$\n])*?(?:\\.|[^\s\\$]))\$(?!\d)/, /^\\\(([^\n]{1,2000}?)\\\)/];
const DISPLAY = [/^\$\$([^$]{1,4000}?)\$\$/, /^\\\[([^\n]{1,4000}?)\\\]/];

/** @param {string} text */
function escaped(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/**
 * @param {string} name
 * @param {RegExp[]} patterns
 * @returns {import("marked").TokenizerAndRendererExtension}
 */
function extension(name, patterns) {
  return {
    name,
    level: "inline",
    start(text) {
      const at = text.search(/\$|\\[([]/);
      return at === -1 ? undefined : at;
    },
    tokenizer(text) {
      for (const pattern of patterns) {
        const match = pattern.exec(text);
        if (match) return { type: name, raw: match[0], text: (match[1] ?? "").trim() };
      }
      return undefined;
    },
    renderer: (token) => `<code class="${name}">${escaped(token["text"])}</code>`,
  };
}

export const mathExtensions = [extension("math-display", DISPLAY), extension("math-inline", INLINE)];
