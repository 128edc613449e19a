// @ts-check
/** What is attached to a message that is being written: chips, and the content parts that they become. */

/**
 * @typedef {object} Kept what the server says of an attachment
 * @property {string} digest
 * @property {string} mime
 * @property {number} size bytes
 * @property {number | null} width
 * @property {number | null} height
 * @property {string} href
 */
/**
 * @typedef {object} Chip
 * @property {"text" | "image" | "audio" | "file" | "address" | "other"} kind "text" says where the text goes
 * @property {"ready" | "waiting" | "failed"} state
 * @property {string} name a file's name or an address
 * @property {string} detail how an image is to be looked at, "" to say nothing
 * @property {"url" | "base64"} send for an address: as it is, or what is there
 * @property {Kept | null} kept
 * @property {string} problem why it failed
 * @property {number} done how much was uploaded, 0 … 1
 * @property {Record<string, unknown> | null} part a part that came from a kept message and stays as it is
 */

/** @typedef {Record<string, unknown> | null} Part null is the text */

/** Sound type → what the API calls its format. */
const FORMATS = new Map([
  ["audio/wav", "wav"],
  ["audio/mpeg", "mp3"],
]);

/** @param {Partial<Chip>} values @returns {Chip} */
export function chip(values) {
  const blank = { name: "", detail: "", problem: "", done: 0, kept: null, part: null };
  return { kind: "file", state: "ready", send: "url", ...blank, ...values };
}

/** @param {string} mime @returns {"image" | "audio" | "file"} */
export function kindOf(mime) {
  if (mime.startsWith("image/")) return "image";
  return mime.startsWith("audio/") ? "audio" : "file";
}

/** The part that a chip stands for; undefined while there is none. @param {Chip} from @returns {Part | undefined} */
export function partOf(from) {
  if (from.kind === "text") return null;
  if (from.part) return withDetail(from);
  const reference = from.kept ? `attachment:${from.kept.digest}` : "";
  switch (from.kind) {
    case "address":
      if (from.send === "url") return image(from.name, from.detail);
      return reference ? image(reference, from.detail) : undefined;
    case "image":
      return reference ? image(reference, from.detail) : undefined;
    case "audio":
      return reference
        ? { type: "input_audio", input_audio: { data: reference, format: FORMATS.get(from.kept?.mime ?? "") ?? "" } }
        : undefined;
    default:
      return reference ? { type: "file", file: { filename: from.name, file_data: reference } } : undefined;
  }
}

/** @param {string} url @param {string} detail */
function image(url, detail) {
  return { type: "image_url", image_url: { url, ...(detail ? { detail } : {}) } };
}

/** A kept part with the detail that its chip says now. @param {Chip} from */
function withDetail(from) {
  const inner = from.part?.["image_url"];
  if (typeof inner !== "object" || inner === null) return from.part;
  const { detail: _before, ...rest } = /** @type {Record<string, unknown>} */ (inner);
  return { ...from.part, image_url: from.detail ? { ...rest, detail: from.detail } : rest };
}

/** The chips of a message that is kept. @param {Part[]} parts @returns {Chip[]} */
export function chipsOf(parts) {
  return parts.map((part) => {
    if (part === null) return chip({ kind: "text" });
    const type = String(part["type"]);
    const inner = /** @type {Record<string, unknown>} */ (part[type] ?? {});
    const place = String(inner["url"] ?? inner["data"] ?? inner["file_data"] ?? "");
    const digest = place.startsWith("attachment:") ? place.slice("attachment:".length) : "";
    const kept = digest
      ? { digest, mime: "", size: 0, width: null, height: null, href: `/attachments/${digest}/` }
      : null;
    const detail = String(inner["detail"] ?? "");
    if (type === "image_url") return chip({ kind: kept ? "image" : "address", name: kept ? "" : place, detail, kept, part });
    if (type === "input_audio") return chip({ kind: "audio", name: String(inner["format"] ?? ""), kept, part });
    return chip({ kind: type === "file" ? "file" : "other", name: String(inner["filename"] ?? type), kept, part });
  });
}
