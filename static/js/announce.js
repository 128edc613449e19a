// @ts-check
/** Says for those who do not see it that an answer has ended. Streaming text itself is not read out piece by piece. */
import { make } from "./dom.js";
import { gettext } from "./i18n.js";

export function start() {
  const place = make("div", { class: "unseen", role: "status" });
  document.body.append(place);
  document.addEventListener("exchange:ended", (event) => {
    place.textContent = sentence(/** @type {CustomEvent<{state: string}>} */ (event).detail.state);
  });
}

/** @param {string} state */
function sentence(state) {
  switch (state) {
    case "completed":
      return gettext("The answer is complete.");
    case "stopped":
      return gettext("The answer was stopped.");
    case "interrupted":
      return gettext("The answer was interrupted.");
    default:
      return gettext("The answer failed.");
  }
}
