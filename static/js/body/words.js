// @ts-check
/** What the editor offers: names of members where one is expected, documented choices where a value is. All from the catalog. */
import { placeOf } from "./place.js";

/** @typedef {{path: string, types: string[], choices: string[], start: string | null, help: string}} Member */
/** @typedef {import("@codemirror/autocomplete").CompletionContext} Context */

/** @param {() => Promise<readonly Member[]>} words */
export function completionOf(words) {
  /** @param {Context} context */
  return async (context) => {
    const text = context.state.doc.toString();
    const place = placeOf(text, context.pos);
    if (!place || (!context.explicit && place.from === context.pos)) return null;
    const members = await words();
    if (context.aborted) return null;
    const options = place.expects === "name" ? namesOf(members, place) : valuesOf(members, place.path);
    const typed = bare(text.slice(place.from, context.pos));
    const fitting = options.filter(({ label }) => bare(label).includes(typed));
    fitting.sort((one, other) => Number(bare(other.label).startsWith(typed)) - Number(bare(one.label).startsWith(typed)));
    // CodeMirror would want the quotes to be typed too.
    return { from: place.from, to: place.to, options: fitting, filter: false };
  };
}

/** @param {string} label */
function bare(label) {
  return label.replaceAll('"', "").toLowerCase();
}

/** @param {readonly Member[]} members @param {import("./place.js").Place} place */
function namesOf(members, { path, there, named }) {
  return members
    .filter((member) => matches(member.path.split(".").slice(0, -1), path))
    .map((member) => ({ member, name: member.path.split(".").at(-1) ?? "" }))
    .filter(({ name }) => name !== "*" && !there.has(name))
    .map(({ member, name }) => ({
      label: `"${name}"`,
      displayLabel: name,
      detail: member.types.join(" | "),
      info: member.help,
      apply: named ? `"${name}"` : `"${name}": `,
    }));
}

/** @param {readonly Member[]} members @param {string[]} path */
function valuesOf(members, path) {
  const member = members.find((each) => matches(each.path.split("."), path));
  if (!member) return [];
  const values = member.choices.map((choice) => JSON.stringify(choice));
  if (member.types.includes("boolean")) values.push("true", "false");
  if (member.types.includes("null")) values.push("null");
  if (member.start !== null && !values.includes(member.start)) values.unshift(member.start);
  return values.map((label) => ({ label }));
}

/** @param {string[]} pattern a documented path, in which * is any member @param {string[]} path */
function matches(pattern, path) {
  return pattern.length === path.length && pattern.every((part, index) => part === "*" || part === path[index]);
}
