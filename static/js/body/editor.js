// @ts-check
/**
 * The editor for the body of a request: CodeMirror in a shadow root, where it may bring its own style sheet without any
 * inline style. A bundle of its own, fetched when somebody edits a body for the first time.
 */
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { json, jsonLanguage } from "@codemirror/lang-json";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { Annotation, EditorState } from "@codemirror/state";
import { drawSelection, EditorView, keymap, lineNumbers } from "@codemirror/view";
import { colours, theme } from "./look.js";
import { messagesOf, protectMessages, setMessages } from "./messages.js";
import { completionOf } from "./words.js";
import { writeOver } from "./write_over.js";

export { JsonEditor } from "../structured/json_editor.js";

/** @typedef {import("./words.js").Member} Member */
/** @typedef {{name: string, level: string, text: string, fix: string}} Note */
/** @typedef {{text: string, line: number, column: number}} Fault */

/** Marks changes that the page makes, not a person. */
const ours = Annotation.define();
const SEVERITY = { bad: "error", warn: "warning", info: "info" };

export class BodyEditor {
  #view;

  /**
   * @param {HTMLElement} host
   * @param {{label: string, phrases: Record<string, string>, words: () => Promise<readonly Member[]>, edited: () => void}} options
   */
  constructor(host, { label, phrases, words, edited }) {
    const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
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
        autocompletion({ override: [completionOf(words)], icons: false, tooltipClass: () => "words" }),
        lintGutter(),
        protectMessages(phrases),
        EditorState.phrases.of(phrases),
        EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "false", autocapitalize: "none" }),
        keymap.of([
          ...closeBracketsKeymap,
          // Ctrl/⌘+Enter sends, here too.
          ...defaultKeymap.filter(({ key }) => key !== "Mod-Enter"),
          ...historyKeymap,
          ...foldKeymap,
          ...completionKeymap,
          ...lintKeymap,
        ]),
        EditorView.domEventHandlers({ beforeinput: (event, view) => writeOver(view, event) }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !update.transactions.some((each) => each.annotation(ours))) edited();
        }),
      ],
    });
  }

  get text() {
    return this.#view.state.doc.toString();
  }

  /**
   * Show another text; the caret stays where it is as far as the texts agree.
   * @param {string} text
   * @param {string} summary the messages in words; "" where they may be edited
   */
  show(text, summary) {
    const { from, to, insert } = difference(this.text, text);
    this.#view.dispatch({
      changes: { from, to, insert },
      annotations: ours.of(true),
      effects: setMessages.of({ ...messagesOf(text), summary }),
      filter: false,
    });
  }

  /** Mark what was said about members, or where the text cannot be read. @param {Note[]} notes @param {Fault | null} fault */
  mark(notes, fault) {
    const { state } = this.#view;
    const places = membersOf(this.text);
    const diagnostics = notes.flatMap(({ name, level, text, fix }) => {
      const place = places.get(name);
      if (!place) return [];
      const severity = /** @type {"error" | "warning" | "info"} */ (SEVERITY[/** @type {"bad"} */ (level)] ?? "info");
      const label = state.phrase("Use $", fix);
      const use = {
        name: label,
        /** @param {EditorView} view */
        apply(view) {
          const now = membersOf(view.state.doc.toString()).get(name);
          if (now) view.dispatch({ changes: { from: now.valueFrom, to: now.to, insert: fix } });
        },
      };
      return [{ from: place.from, to: place.to, severity, message: text, ...(fix ? { actions: [use] } : {}) }];
    });
    if (fault?.line) {
      const line = state.doc.line(Math.min(fault.line, state.doc.lines));
      const start = line.from + [...line.text].slice(0, fault.column - 1).join("").length;
      const from = Math.max(line.from, Math.min(start, line.to - 1));
      diagnostics.push({ from, to: line.to, severity: "error", message: fault.text });
    }
    this.#view.dispatch(setDiagnostics(state, diagnostics.sort((one, other) => one.from - other.from)));
  }

  /** Put the caret where the text cannot be read. @param {Fault} fault */
  goTo({ line, column }) {
    const { doc } = this.#view.state;
    const found = doc.line(Math.max(1, Math.min(line, doc.lines)));
    const anchor = Math.min(found.to, found.from + Math.max(0, column - 1));
    this.#view.dispatch({ selection: { anchor }, scrollIntoView: true });
    this.focus();
  }

  focus() {
    this.#view.focus();
  }
}

/** Where each member of the object stands; of doubles the last. @param {string} text */
function membersOf(text) {
  /** @type {Map<string, {from: number, to: number, valueFrom: number}>} */
  const places = new Map();
  const top = jsonLanguage.parser.parse(text).topNode.firstChild;
  for (const property of top?.getChildren("Property") ?? []) {
    const { firstChild: name, lastChild: value } = property;
    if (!name || !value) continue;
    places.set(nameOf(text.slice(name.from, name.to)), { from: property.from, to: property.to, valueFrom: value.from });
  }
  return places;
}

/** @param {string} source */
function nameOf(source) {
  try {
    return String(JSON.parse(source));
  } catch (error) {
    if (error instanceof SyntaxError) return source;
    throw error;
  }
}

/** The one stretch in which two texts differ. @param {string} before @param {string} after */
function difference(before, after) {
  const shorter = Math.min(before.length, after.length);
  let from = 0;
  while (from < shorter && before[from] === after[from]) from += 1;
  let end = 0;
  while (end < shorter - from && before.at(-1 - end) === after.at(-1 - end)) end += 1;
  return { from, to: before.length - end, insert: after.slice(from, after.length - end) };
}
