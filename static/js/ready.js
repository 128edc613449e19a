// @ts-check
/** Whether a run may start now. Who keeps settings that the form does not show yet takes them over first, or says no. */

/** @type {Set<() => Promise<boolean>>} */
const guards = new Set();

/** Ask `guard` before each run; it says to the person why when it answers false. @param {() => Promise<boolean>} guard */
export function guardRuns(guard) {
  guards.add(guard);
}

export async function readyToRun() {
  for (const guard of guards) if (!(await guard())) return false;
  return true;
}
