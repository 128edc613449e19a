// @ts-check
/** A CodeMirror editor for a piece of JSON, in a shadow root like the body's; part of the bundle of `body/editor.js`. */
import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { json, jsonLanguage } from "@codemirror/lang-json";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { Annotation } from "@codemirror/state";
import { drawSelection, EditorView, keymap, lineNumbers } from "@codemirror/view";
import { colours, theme } from "../body/look.js";
import { writeOver } from "../body/write_over.js";

/** @typedef {{path: (string | number)[], level: "bad" | "warn", text: string}} Mark */

/** Marks changes that the page makes, not a person. */
const ours = Annotation.define();

export class JsonEditor {
  #view;

  /** @param {HTMLElement} host @param {{label: string, edited: (text: string) => void}} options */
  constructor(host, { label, edited }) {
    const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
    root.replaceChildren();
    this.#view = new EditorView({
      root,
      parent: root,
      extensions: [
        lineNumbers(),
        foldGutter({ openText: "⌄", closedText: "›" }),
        history(),
        drawSelection(),
        bracketMatching(),
        closeBrackets(),
        indentOnInput(),
        indentUnit.of("  "),
        EditorView.lineWrapping,
        json(),
        syntaxHighlighting(colours),
        theme,
        lintGutter(),
        EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", autocapitalize: "none" }),
        keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...foldKeymap, ...lintKeymap]),
        EditorView.domEventHandlers({ beforeinput: (event, view) => writeOver(view, event) }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !update.transactions.some((each) => each.annotation(ours))) edited(this.text);
        }),
      ],
    });
  }

  get text() {
    return this.#view.state.doc.toString();
  }

  /** Show another text as if it were opened: without a way back to the one before. @param {string} text */
  open(text) {
    if (text === this.text) return;
    this.#view.dispatch({ changes: { from: 0, to: this.#view.state.doc.length, insert: text }, annotations: ours.of(true) });
  }

  /** Put another text in the place of this one; it can be taken back. @param {string} text */
  replace(text) {
    this.#view.dispatch({ changes: { from: 0, to: this.#view.state.doc.length, insert: text } });
  }

  /** Mark places of the text. @param {readonly Mark[]} marks */
  mark(marks) {
    const { state } = this.#view;
    const diagnostics = marks.flatMap(({ path, level, text }) => {
      const place = placeOf(this.text, path);
      return place ? [{ ...place, severity: /** @type {"error" | "warning"} */ (level === "bad" ? "error" : "warning"), message: text }] : [];
    });
    this.#view.dispatch(setDiagnostics(state, diagnostics.sort((one, other) => one.from - other.from)));
  }

  /** Mark the first place where the text is no JSON. @param {string} message */
  markBroken(message) {
    const { state } = this.#view;
    const at = brokenAt(this.text);
    const line = state.doc.lineAt(Math.min(at, state.doc.length));
    const from = Math.min(at, Math.max(line.from, line.to - 1));
    this.#view.dispatch(setDiagnostics(state, [{ from, to: Math.max(from, line.to), severity: "error", message }]));
    return line.number;
  }

  focus() {
    this.#view.focus();
  }
}

/** Where the name or the item at a path stands. @param {string} text @param {(string | number)[]} path */
function placeOf(text, path) {
  /** @type {import("@lezer/common").SyntaxNode | null} */
  let node = jsonLanguage.parser.parse(text).topNode.firstChild;
  let place = node ? { from: node.from, to: Math.min(node.to, node.from + 1) } : null;
  for (const step of path) {
    if (!node) break;
    /** @type {import("@lezer/common").SyntaxNode | null} */
    let next = null;
    if (typeof step === "number" && node.name === "Array") {
      next = valuesOf(node)[step] ?? null;
      if (next) place = { from: next.from, to: next.to };
    } else {
      const property = node.getChildren("Property").findLast((each) => nameOf(text, each.firstChild) === step);
      const name = property?.firstChild;
      if (name) place = { from: name.from, to: name.to };
      next = property?.lastChild ?? null;
    }
    node = next;
  }
  return place;
}

/** @param {import("@lezer/common").SyntaxNode} list */
function valuesOf(list) {
  const values = [];
  for (let child = list.firstChild; child; child = child.nextSibling) if (!/^[[\],⚠]$/.test(child.name)) values.push(child);
  return values;
}

/** @param {string} text @param {import("@lezer/common").SyntaxNode | null} node */
function nameOf(text, node) {
  if (!node) return null;
  try {
    return String(JSON.parse(text.slice(node.from, node.to)));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** @param {string} text */
function brokenAt(text) {
  let at = text.length;
  jsonLanguage.parser.parse(text).iterate({
    enter(node) {
      if (node.type.isError) at = Math.min(at, node.from);
    },
  });
  return at;
}
