// @ts-check
import { EditorView } from "@codemirror/view";

/**
 * Write over what is selected ourselves: Chromium would keep its colours in an inline style, which the page's policy refuses.
 * @param {EditorView} view @param {InputEvent} event
 */
export function writeOver(view, event) {
  const { main } = view.state.selection;
  if (event.inputType !== "insertText" || !event.data || view.composing || main.empty) return false;
  const { from, to } = main;
  const text = event.data;
  const insert = () => view.state.update(view.state.replaceSelection(text), { userEvent: "input.type" });
  const handled = view.state.facet(EditorView.inputHandler).some((handler) => handler(view, from, to, text, insert));
  if (!handled) view.dispatch(insert());
  event.preventDefault();
  return true;
}
