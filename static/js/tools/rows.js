// @ts-check
/** The parameters as the page has them now: name → JSON source text, from the field that every run posts. */
import { changeParameter } from "../parameters.js";

/** @param {string} name @returns {string} "" while it is not sent */
export function parameterSource(name) {
  const field = document.querySelector("input[data-parameters]");
  if (!(field instanceof HTMLInputElement) || !field.value) return "";
  const source = JSON.parse(field.value)[name];
  return typeof source === "string" ? source : "";
}

/** @param {string} name @param {string} source "" switches it off */
export function writeParameter(name, source) {
  if (parameterSource(name) !== source) changeParameter(name, source);
}

/** Whether the rows of the page have one of this name. @param {string} name */
export function documents(name) {
  return document.querySelector(`[data-parameter-panel] [data-param="${CSS.escape(name)}"]`) !== null;
}
