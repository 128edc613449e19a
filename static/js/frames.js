// @ts-check
/**
 * Painting, once per frame and for a few milliseconds at most, whatever came in between.
 * A hidden page has no frames; there it goes on slowly, so that an answer ends on time.
 */

/** @typedef {{paint(until: number): boolean}} Painter `paint` returns whether it is done for now */

/** Time for painting in one frame, in ms; layout comes on top. */
const BUDGET = 6;
const HIDDEN_MS = 200;

/** @type {Set<Painter>} */
const painters = new Set();
let scheduled = false;

/** Ask for `painter.paint` until it says that it is done. @param {Painter} painter */
export function paintSoon(painter) {
  painters.add(painter);
  schedule();
}

function schedule() {
  if (scheduled || painters.size === 0) return;
  scheduled = true;
  if (document.hidden) setTimeout(frame, HIDDEN_MS);
  else requestAnimationFrame(frame);
}

function frame() {
  scheduled = false;
  const until = performance.now() + BUDGET;
  for (const painter of [...painters]) {
    // The one served goes to the end: with many answers at once each has its turn.
    painters.delete(painter);
    try {
      if (!painter.paint(until)) painters.add(painter);
    } catch (error) {
      // One that fails is given up and reported; it must not take the others with it.
      reportError(error);
    }
    if (performance.now() >= until) break;
  }
  schedule();
}

// A frame asked for just before the page was hidden would wait until it is shown again.
document.addEventListener("visibilitychange", () => {
  scheduled = false;
  schedule();
});
