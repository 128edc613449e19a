// @ts-check
/** Colours for code; loaded when the first block of code is on the page. */
import hljs from "highlight.js/lib/core";
import bash from "highlight.js/lib/languages/bash";
import c from "highlight.js/lib/languages/c";
import cpp from "highlight.js/lib/languages/cpp";
import csharp from "highlight.js/lib/languages/csharp";
import css from "highlight.js/lib/languages/css";
import dart from "highlight.js/lib/languages/dart";
import diff from "highlight.js/lib/languages/diff";
import dockerfile from "highlight.js/lib/languages/dockerfile";
import go from "highlight.js/lib/languages/go";
import http from "highlight.js/lib/languages/http";
import ini from "highlight.js/lib/languages/ini";
import java from "highlight.js/lib/languages/java";
import javascript from "highlight.js/lib/languages/javascript";
import json from "highlight.js/lib/languages/json";
import objectivec from "highlight.js/lib/languages/objectivec";
import ocaml from "highlight.js/lib/languages/ocaml";
import php from "highlight.js/lib/languages/php";
import python from "highlight.js/lib/languages/python";
import r from "highlight.js/lib/languages/r";
import ruby from "highlight.js/lib/languages/ruby";
import rust from "highlight.js/lib/languages/rust";
import sql from "highlight.js/lib/languages/sql";
import swift from "highlight.js/lib/languages/swift";
import typescript from "highlight.js/lib/languages/typescript";
import xml from "highlight.js/lib/languages/xml";
import yaml from "highlight.js/lib/languages/yaml";

// prettier-ignore
const languages = {
  bash, c, cpp, csharp, css, dart, diff, dockerfile, go, http, ini, java, javascript, json, objectivec, ocaml, php,
  python, r, ruby, rust, sql, swift, typescript, xml, yaml,
};
for (const [name, language] of Object.entries(languages)) hljs.registerLanguage(name, language);
hljs.registerAliases(["shell", "console", "curl"], { languageName: "bash" });
hljs.registerAliases(["toml"], { languageName: "ini" });

/** highlight.js names dozens of scopes; the page has five hues. A scope that is not here stays in the text's colour. */
const HUES = new Map(
  Object.entries({
    k: "keyword built_in type literal tag name selector-tag selector-pseudo section doctag meta title.class_ operator",
    s: "string regexp char template-variable link addition code",
    n: "number symbol bullet variable.constant_",
    c: "comment deletion",
    p: "punctuation",
  }).flatMap(([hue, scopes]) => scopes.split(" ").map((scope) => [scope, hue])),
);

/**
 * The text in coloured spans, or null when the language is not known.
 * Built as nodes from highlight.js' tokens: no HTML is parsed.
 * @param {string} text
 * @param {string} language
 */
export function coloured(text, language) {
  if (!hljs.getLanguage(language)) return null;
  const result = hljs.highlight(text, { language, ignoreIllegals: true });
  const fragment = document.createDocumentFragment();
  append(fragment, /** @type {TokenNode} */ (/** @type {any} */ (result)._emitter.rootNode));
  return fragment;
}

/** @typedef {{scope?: string, children: (TokenNode | string)[]}} TokenNode */

/** @param {Node} parent @param {TokenNode} token */
function append(parent, token) {
  for (const child of token.children) {
    if (typeof child === "string") {
      parent.appendChild(document.createTextNode(child));
      continue;
    }
    const hue = HUES.get(child.scope ?? "") ?? HUES.get((child.scope ?? "").split(".", 1)[0] ?? "");
    if (!hue) {
      append(parent, child);
      continue;
    }
    const span = document.createElement("span");
    span.className = hue;
    append(span, child);
    parent.appendChild(span);
  }
}
