// @ts-check
/** How the editor looks: the page's own tokens, which reach into the shadow root, so that both themes come by themselves. */
import { HighlightStyle } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

export const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--code-key)" },
  { tag: tags.string, color: "var(--code-string)" },
  { tag: tags.number, color: "var(--code-number)" },
  { tag: [tags.bool, tags.null], color: "var(--code-keyword)" },
  { tag: [tags.separator, tags.squareBracket, tags.brace], color: "var(--text-soft)" },
]);

const floating = {
  border: "1px solid var(--line-strong)",
  borderRadius: "var(--radius-2)",
  background: "var(--surface-raised)",
  boxShadow: "var(--shadow-2)",
  color: "var(--text)",
};

export const theme = EditorView.theme({
  "&": { height: "100%", background: "transparent", color: "var(--text)", direction: "ltr", textAlign: "left" },
  "&.cm-focused": { outline: "2px solid var(--focus)", outlineOffset: "-2px" },
  ".cm-scroller": { font: "var(--type-code-small)", lineHeight: "18px" },
  ".cm-content": { padding: "var(--space-1) 0 var(--space-3)", caretColor: "var(--text)" },
  ".cm-cursor": { borderInlineStartColor: "var(--text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": {
    background: "var(--selection)",
  },
  ".cm-gutters": { border: "none", background: "transparent", color: "var(--text-faint)" },
  ".cm-lineNumbers .cm-gutterElement": { minWidth: "24px" },
  ".cm-gutter-lint": { width: "12px" },
  ".cm-gutter-lint .cm-gutterElement": { padding: "0" },
  ".cm-lint-marker": { width: "7px", height: "7px", margin: "5px 2px", borderRadius: "50%", content: "none" },
  ".cm-lint-marker-error": { background: "var(--bad)" },
  ".cm-lint-marker-warning": { background: "var(--warn)" },
  ".cm-lint-marker-info": { background: "var(--accent-mid)" },
  ".cm-lintRange": { backgroundImage: "none", textDecoration: "underline wavy", textUnderlineOffset: "3px" },
  ".cm-lintRange-error": { textDecorationColor: "var(--bad)" },
  ".cm-lintRange-warning": { textDecorationColor: "var(--warn)" },
  ".cm-lintRange-info": { textDecoration: "none" },
  "&.cm-focused .cm-matchingBracket": { background: "var(--surface-active)", outline: "1px solid var(--line-control)" },
  "&.cm-focused .cm-nonmatchingBracket": { background: "var(--bad-soft)" },
  ".cm-foldPlaceholder, .fold": {
    padding: "0 4px",
    border: "0",
    borderRadius: "3px",
    background: "var(--surface-active)",
    font: "inherit",
    color: "var(--text-soft)",
    cursor: "pointer",
  },
  ".fold:hover": { color: "var(--text)" },
  ".fold:focus-visible": { outline: "2px solid var(--focus)" },
  ".kept": { background: "var(--surface-sunken)", opacity: "0.85" },
  ".cm-tooltip": floating,
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { maxHeight: "220px", font: "var(--type-code-small)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 8px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { background: "var(--accent-tint)", color: "var(--text)" },
  ".cm-completionDetail": { fontStyle: "normal", color: "var(--text-soft)" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "var(--weight-strong)" },
  ".cm-completionInfo": { maxWidth: "260px", padding: "6px 8px", font: "var(--type-12)" },
  ".cm-diagnostic": { padding: "4px 8px", borderInlineStart: "3px solid var(--line-strong)", font: "var(--type-12)" },
  ".cm-diagnostic-error": { borderInlineStartColor: "var(--bad)" },
  ".cm-diagnostic-warning": { borderInlineStartColor: "var(--warn)" },
  ".cm-diagnosticAction": {
    padding: "1px 6px",
    borderRadius: "var(--radius-1)",
    background: "var(--accent)",
    color: "var(--accent-on)",
  },
  ".cm-panels": { borderColor: "var(--line)", background: "var(--surface-panel)", color: "var(--text)" },
});
