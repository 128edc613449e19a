// @ts-check
/** What else can be done with a message: edit, insert, branch, move, delete. What is done can be undone from its note. */
import { chosenLetter } from "./columns.js";
import { delegate, elements, make } from "./dom.js";
import { gettext, interpolate } from "./i18n.js";
import { icon } from "./icons.js";
import { base, mayEdit, rowId, show } from "./live.js";
import { messageWriting, presets } from "./parts.js";
import { post } from "./request.js";
import { toast } from "./toasts.js";
import { columnOf, itemOf, transcriptOf } from "./transcripts.js";
import { wordsForm } from "./words_form.js";

/** @typedef {{icon: string, label: string, run: () => void, danger?: boolean} | "rule"} Item */

export function start() {
  document.addEventListener(
    "toggle",
    (event) => {
      const menu = event.target;
      if (!(menu instanceof HTMLDetailsElement) || !menu.matches("[data-message-menu]")) return;
      if (menu.open) fill(menu);
    },
    true,
  );
  delegate("click", "[data-insert-end]", (button) => insertAtEnd(button));
  delegate("click", "[data-copy-branch]", () => copyShown());
  document.addEventListener("keydown", alternatives);
}

/** A menu that was opened before this was fetched. @param {ParentNode} root */
export function bind(root) {
  for (const menu of elements(root, "details[data-message-menu][open]")) {
    if (!menu.querySelector("[data-menu-item]")) fill(/** @type {HTMLDetailsElement} */ (menu));
  }
}

/** @param {HTMLDetailsElement} menu */
function fill(menu) {
  const article = menu.closest("[data-message]");
  const list = menu.querySelector("[data-message-menu-list]");
  if (!(article instanceof HTMLElement) || !(list instanceof HTMLElement)) return;
  list.replaceChildren(...itemsFor(article).map(itemElement));
  // Near the lower end of the room it opens upwards.
  const room = menu.closest("[data-messages], .col__body")?.getBoundingClientRect() ?? document.body.getBoundingClientRect();
  const { bottom } = menu.getBoundingClientRect();
  menu.classList.toggle("msg__menu--up", bottom + list.offsetHeight > room.bottom && bottom - list.offsetHeight > room.top);
}

/** @param {Item} item */
function itemElement(item) {
  if (item === "rule") return make("div", { class: "menu__rule" });
  const look = item.danger ? "menu__item menu__item--danger" : "menu__item";
  const button = make("button", { type: "button", class: look, "data-menu-item": "" }, icon(item.icon), item.label);
  button.addEventListener("click", item.run);
  return button;
}

/** @param {HTMLElement} article @returns {Item[]} */
function itemsFor(article) {
  const id = article.dataset["message"] ?? "";
  /** @type {Item} */
  const copy = { icon: "plus", label: gettext("Branch into a new conversation"), run: () => void copyBranch(article) };
  if (!mayEdit()) return [copy];
  /** @type {Item[]} */
  const items = [
    { icon: "edit", label: gettext("Edit"), run: () => edit(article) },
    { icon: "braces", label: gettext("Edit as JSON"), run: () => void messageWriting.load().then((writing) => writing?.editAsJson(article)) },
  ];
  const exchange = article.dataset["exchange"];
  if (exchange) items.push({ icon: "down", label: takeOver(), run: () => void presets.load().then((shown) => shown?.takeSettings(exchange)) });
  if (article.dataset["role"] !== "assistant") {
    items.unshift({ icon: "again", label: gettext("Run again from here"), run: () => runAgain(article, id) });
  }
  items.push(
    { icon: "branch", label: gettext("Branch from here"), run: () => void branchHere(article) },
    copy,
    "rule",
    { icon: "plus", label: gettext("Insert before"), run: () => insertBeside(article, "before") },
    { icon: "plus", label: gettext("Insert after"), run: () => insertBeside(article, "after") },
  );
  if (isDraft(article)) {
    items.push(
      { icon: "up", label: gettext("Move up"), run: () => void move(article, "up") },
      { icon: "down", label: gettext("Move down"), run: () => void move(article, "down") },
    );
  }
  items.push(
    "rule",
    { icon: "x", label: gettext("Delete message"), danger: true, run: () => void remove(article, false) },
    { icon: "trash", label: gettext("Delete branch from here"), danger: true, run: () => void remove(article, true) },
  );
  return items;
}

/** Which column gets the settings is said where there are several: it is the chosen one, not the one that the answer is in. */
function takeOver() {
  const letter = chosenLetter();
  return letter ? interpolate(gettext("Take over settings into column %(letter)s"), { letter }) : gettext("Take over settings");
}

/** Nothing below it was run: nothing that was sent depends on it. The server has the last word. @param {HTMLElement} article */
function isDraft(article) {
  const row = itemOf(article);
  const rows = [...(row.parentElement?.children ?? [])];
  return rows.slice(rows.indexOf(row)).every((each) => !each.matches("[data-exchange]") && !each.querySelector("[data-exchange]"));
}

// -- deeds -------------------------------------------------------------------------------------------------------------

/**
 * @typedef {object} Done
 * @property {string | null} [tip]
 * @property {string | null} [undo]
 * @property {string | null} [back]
 * @property {string} [said]
 * @property {string} [go]
 */

/**
 * Post a deed, show what became of the tree, and offer to take it back.
 * @param {Element} near @param {string} path @param {Record<string, string>} [fields]
 */
async function deed(near, path, fields = {}) {
  const column = columnOf(near);
  const result = await post(path, new URLSearchParams({ ...fields, ...(column ? { column } : {}) }));
  if (!result.ok) {
    toast(result.problem, "bad");
    return false;
  }
  /** @type {Done} */
  const done = JSON.parse(result.html);
  if (done.go) {
    location.assign(done.go);
    return true;
  }
  await show({ tip: done.tip ?? null, mine: true });
  toast(done.said ?? "", "good", wayBack(near, done));
  return true;
}

/** @param {Element} near @param {Done} done */
function wayBack(near, { undo, back }) {
  const before = transcriptOf(near) ?? document.body;
  if (undo) return { label: gettext("Undo"), run: () => void deed(before, undo), brief: true };
  if (!back) return undefined;
  return {
    label: gettext("Go back"),
    brief: true,
    run: () => void post(back).then(() => show({ through: back.split("/").at(-2) ?? "", mine: true })),
  };
}

/** @param {HTMLElement} article @param {string} deedName */
function pathOf(article, deedName) {
  return `${base()}messages/${article.dataset["message"]}/${deedName}/`;
}

/** @param {HTMLElement} article @param {boolean} branch */
function remove(article, branch) {
  return deed(article, pathOf(article, "delete"), branch ? { branch: "1" } : {});
}

/** @param {HTMLElement} article @param {string} way */
function move(article, way) {
  return deed(article, pathOf(article, "move"), { way });
}

/** @param {HTMLElement} article */
function branchHere(article) {
  return deed(article, pathOf(article, "continue")).then((done) => {
    const message = document.querySelector("[data-composer] textarea[name=message]");
    if (done && message instanceof HTMLElement) message.focus();
  });
}

/** @param {HTMLElement} article */
function copyBranch(article) {
  return deed(article, pathOf(article, "copy"));
}

/** What somebody who may only look sees goes into a conversation of their own. */
function copyShown() {
  const last = elements(document, "[data-transcript] [data-message]").at(-1);
  if (last) void copyBranch(last);
}

/** @param {HTMLElement} article @param {string} id */
function runAgain(article, id) {
  // Answers are made by one behaviour (branches.js), which listens for a press.
  const button = make("button", { type: "button", "data-again": id, hidden: "" });
  article.append(button);
  button.click();
  button.remove();
}

// -- words -------------------------------------------------------------------------------------------------------------

/** @param {HTMLElement} article */
function edit(article) {
  const body = article.querySelector(".msg__body");
  const source = article.querySelector("[data-source]");
  if (!body || body.querySelector("form")) return;
  const { form, focus } = wordsForm({
    role: article.dataset["role"] ?? "user",
    text: source?.textContent ?? "",
    label: gettext("Edited message"),
    save: (said) => deed(article, pathOf(article, "edit"), { ...said }),
    closed: () => {
      body.removeAttribute("data-rewording");
      article.querySelector("summary")?.focus({ preventScroll: true });
    },
  });
  body.setAttribute("data-rewording", "");
  body.append(form);
  focus();
}

/** @param {HTMLElement} article @param {"before" | "after"} where */
function insertBeside(article, where) {
  const row = itemOf(article);
  const message = where === "before" ? rowId(row) : (article.dataset["message"] ?? "");
  const role = article.dataset["role"] === "user" ? "assistant" : "user";
  openInsert(row, where, { [where]: message }, where === "before" ? "user" : role);
}

/** @param {HTMLElement} button */
function insertAtEnd(button) {
  const transcript = transcriptOf(button);
  if (!(transcript instanceof HTMLElement)) return;
  const last = transcript.lastElementChild;
  openInsert(transcript, "end", last ? { after: rowId(last) } : {}, "user");
}

/** @param {Element} place @param {"before" | "after" | "end"} where @param {Record<string, string>} fields @param {string} role */
function openInsert(place, where, fields, role) {
  document.querySelector("[data-inserting]")?.remove();
  const row = make("div", { class: "msg", "data-role": "user", "data-inserting": "" });
  const near = transcriptOf(place) ?? place;
  const { form, focus } = wordsForm({
    role,
    label: gettext("New message"),
    save: (said) => deed(near, `${base()}messages/insert/`, { ...fields, ...said }),
    closed: () => row.remove(),
  });
  row.append(make("div", { class: "msg__gutter" }), make("div", { class: "msg__body" }, form));
  if (where === "before") place.before(row);
  else if (where === "after") place.after(row);
  else place.after(row);
  focus();
  row.scrollIntoView({ block: "nearest" });
}

// -- keys --------------------------------------------------------------------------------------------------------------

/** Alt and an arrow lead through the alternatives of the message that has the focus. @param {KeyboardEvent} event */
function alternatives(event) {
  if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
  const target = event.target instanceof Element ? event.target : null;
  const article = target?.closest("[data-message]");
  if (!article || target?.closest("textarea, input, select")) return;
  const buttons = elements(article, ".siblings [data-show-branch]");
  if (buttons.length === 0) return;
  event.preventDefault();
  (event.key === "ArrowLeft" ? buttons[0] : buttons.at(-1))?.click();
}
