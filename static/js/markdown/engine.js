// @ts-check
/** The Markdown parser and the sanitiser; loaded when the first text is to be rendered. */
export { default as createPurifier } from "dompurify";
export { Marked } from "marked";
