// @ts-check
/**
 * The messages in the body: they belong to the conversation, so they stand folded behind their number and cannot be
 * changed here, except together with everything, as when another body is pasted over it.
 */
import { jsonLanguage } from "@codemirror/lang-json";
import { EditorState, StateEffect, StateField } from "@codemirror/state";
import { Decoration, EditorView, WidgetType } from "@codemirror/view";

/** @typedef {{from: number, to: number, summary: string}} Messages an empty summary: there are none to protect */

/** @type {import("@codemirror/state").StateEffectType<Messages>} */
export const setMessages = StateEffect.define();
/** @type {import("@codemirror/state").StateEffectType<boolean>} */
const unfold = StateEffect.define();

/** Where the value of `messages` stands in a body. @param {string} text */
export function messagesOf(text) {
  const top = jsonLanguage.parser.parse(text).topNode.firstChild;
  for (const property of top?.getChildren("Property") ?? []) {
    const { firstChild: name, lastChild: value } = property;
    if (name && value && text.slice(name.from, name.to) === '"messages"') return { from: value.from, to: value.to };
  }
  return { from: 0, to: 0 };
}

class Fold extends WidgetType {
  #summary;
  #open;
  #title;

  /** @param {string} summary @param {boolean} open @param {string} title */
  constructor(summary, open, title) {
    super();
    this.#summary = summary;
    this.#open = open;
    this.#title = title;
  }

  /** @override @param {Fold} other */
  eq(other) {
    return other.#summary === this.#summary && other.#open === this.#open;
  }

  /** @override @param {EditorView} view */
  toDOM(view) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "fold";
    button.title = this.#title;
    button.textContent = this.#summary;
    button.setAttribute("aria-expanded", String(this.#open));
    button.addEventListener("click", () => {
      view.dispatch({ effects: unfold.of(!this.#open) });
      view.focus();
    });
    return button;
  }

  /** @override */
  ignoreEvent() {
    return true;
  }
}

/** @typedef {Messages & {open: boolean}} Shown */

/** @type {StateField<Shown>} */
const messages = StateField.define({
  create: () => /** @type {Shown} */ ({ from: 0, to: 0, summary: "", open: false }),
  update(value, transaction) {
    let next = value;
    if (transaction.docChanged) {
      const from = transaction.changes.mapPos(value.from, 1);
      const to = transaction.changes.mapPos(value.to, -1);
      next = { ...value, from, to: Math.max(from, to) };
      if (coversAll(transaction)) next = { ...next, ...messagesOf(transaction.newDoc.toString()) };
    }
    for (const effect of transaction.effects) {
      if (effect.is(setMessages)) next = { ...next, ...effect.value };
      if (effect.is(unfold)) next = { ...next, open: effect.value };
    }
    return next;
  },
});

/** @param {import("@codemirror/state").Transaction} transaction */
function coversAll(transaction) {
  let all = false;
  transaction.changes.iterChangedRanges((from, to) => {
    all ||= from === 0 && to === transaction.startState.doc.length;
  });
  return all;
}

/** @param {Record<string, string>} phrases */
export function protectMessages(phrases) {
  const title = phrases["Messages"] ?? "";
  return [
    messages,
    EditorState.changeFilter.of((transaction) => {
      const { from, to, summary } = transaction.startState.field(messages);
      return !summary || from === to || coversAll(transaction) ? true : [from, to];
    }),
    EditorView.decorations.compute([messages], (state) => {
      const { from, to, summary, open } = state.field(messages);
      if (!summary || from === to) return Decoration.none;
      const widget = new Fold(summary, open, title);
      if (!open) return Decoration.set(Decoration.replace({ widget }).range(from, to));
      const kept = Decoration.mark({ class: "kept" }).range(from, to);
      return Decoration.set([Decoration.widget({ widget, side: -1 }).range(from), kept]);
    }),
    EditorView.atomicRanges.of((view) => {
      const { from, to, summary, open } = view.state.field(messages);
      return !summary || open || from === to ? Decoration.none : Decoration.set(Decoration.replace({}).range(from, to));
    }),
  ];
}
