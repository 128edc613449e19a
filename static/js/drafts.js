// @ts-check
/**
 * What is typed and not yet taken by the server, per page and tab. It survives a reload, a lost session and a crash of
 * the page; it ends with the tab, so nothing stays behind on a shared computer.
 */

/** @typedef {{text: string, run: string, sent: string}} Draft `run`: the UUID under which `sent` was last posted */

const EMPTY = { text: "", run: "", sent: "" };

export class DraftStore {
  #key;

  /** @param {string} name */
  constructor(name) {
    this.#key = `draft:${name}`;
  }

  /** @returns {Draft} */
  read() {
    const text = sessionStorage.getItem(this.#key);
    return text === null ? { ...EMPTY } : { ...EMPTY, ...JSON.parse(text) };
  }

  /** @param {Draft} draft @returns {boolean} whether it could be kept */
  write(draft) {
    if (!draft.text && !draft.run) {
      sessionStorage.removeItem(this.#key);
      return true;
    }
    try {
      sessionStorage.setItem(this.#key, JSON.stringify(draft));
      return true;
    } catch (error) {
      // The browser's few megabytes are used up: the caller warns before the page is left.
      if (error instanceof DOMException && error.name === "QuotaExceededError") return false;
      throw error;
    }
  }
}

/** A random UUID (version 4), also on pages without a secure context. */
export function randomId() {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
