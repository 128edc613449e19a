// @ts-check
/**
 * The page's one websocket, for every exchange on it. See docs/protocol.md for the messages.
 *
 * It holds what each followed exchange has shown (the number of its last frame), so after any gap it asks for what
 * comes after that number. It closes and comes back by itself; whoever follows notices nothing but a pause.
 */

/**
 * @typedef {object} Follower
 * @property {(updates: unknown[][], reset: boolean) => void} update
 * @property {(code: string, message: string) => void} refused
 *
 * @typedef {"connecting" | "open" | "waiting" | "offline" | "signed-out"} State
 *
 * @typedef {object} Followed
 * @property {string} exchange
 * @property {number} after
 * @property {Follower} follower
 */

/** Say what was received after this many bytes, or when nothing came for a while. */
const ACK_BYTES = 64 * 1024;
const ACK_IDLE_MS = 500;
/** An answer to a ping takes no longer on a connection that lives. */
const PONG_MS = 8_000;
/** A connection that is not greeted within this time is given up. */
const HELLO_MS = 15_000;
const RETRY_FIRST_MS = 400;
const RETRY_LAST_MS = 20_000;
/** Close codes after which coming back is of no use before the person did something. */
const SIGNED_OUT = 4401;
const TOO_FAST = 4429;

export class ExchangeSocket extends EventTarget {
  #url;
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {State} */
  #state = "waiting";
  /** @type {Map<number, Followed>} by ref */
  #followed = new Map();
  /** @type {{conversation: string, seen: () => string} | null} */
  #watched = null;
  #nextRef = 1;
  #attempts = 0;
  #closing = false;
  #received = 0;
  #acknowledged = 0;
  #encoder = new TextEncoder();
  #heartbeat = 25_000;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #retryTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #pingTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #pongTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #ackTimer;

  /** @param {string} url */
  constructor(url) {
    super();
    this.#url = url;
  }

  /** Connect, and stay connected until `stop`. */
  start() {
    addEventListener("online", () => this.#now());
    addEventListener("offline", () => this.#drop("offline"));
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) this.#probe();
    });
    // A page in the back-forward cache must not hold a socket; when it comes back it asks for what it missed.
    addEventListener("pagehide", () => this.#drop("waiting"));
    addEventListener("pageshow", (event) => {
      if (event.persisted) this.#now();
    });
    this.#connect();
  }

  get state() {
    return this.#state;
  }

  /**
   * @param {string} exchange
   * @param {Follower} follower
   */
  follow(exchange, follower) {
    for (const followed of this.#followed.values()) if (followed.exchange === exchange) return;
    const ref = this.#nextRef++;
    this.#followed.set(ref, { exchange, after: 0, follower });
    if (this.#state === "open") this.#sendFollow(ref);
  }

  /** @param {string} exchange */
  unfollow(exchange) {
    for (const [ref, followed] of this.#followed) {
      if (followed.exchange !== exchange) continue;
      this.#followed.delete(ref);
      this.#send({ type: "unfollow", ref });
    }
  }

  /**
   * Hear what changes in a conversation, as events `changed`; and `unwatched` where it may not be seen any more.
   * @param {string} conversation @param {() => string} seen the state that the page shows now
   */
  watch(conversation, seen) {
    this.#watched = { conversation, seen };
    if (this.#state === "open") this.#sendWatch();
  }

  #sendWatch() {
    if (this.#watched) this.#send({ type: "watch", conversation: this.#watched.conversation, seen: this.#watched.seen() });
  }

  /** Whether an answer is being followed: then a lost connection matters to the person. */
  get busy() {
    return this.#followed.size > 0;
  }

  /** Try at once, whatever the timers say. */
  retry() {
    this.#now();
  }

  #now() {
    if (this.#state === "open" || this.#state === "connecting" || this.#state === "signed-out") return;
    this.#attempts = 0;
    this.#connect();
  }

  #connect() {
    clearTimeout(this.#retryTimer);
    if (!navigator.onLine) return this.#become("offline");
    this.#become("connecting");
    this.#closing = false;
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#received = this.#acknowledged = 0;
    this.#pongTimer = setTimeout(() => this.#again(), HELLO_MS);
    socket.addEventListener("message", (event) => {
      if (this.#socket === socket) this.#message(/** @type {string} */ (event.data));
    });
    socket.addEventListener("close", (event) => {
      if (this.#socket === socket) this.#closed(event.code);
    });
  }

  /** @param {string} text */
  #message(text) {
    this.#alive();
    const message = JSON.parse(text);
    if (message.e !== undefined) {
      this.#acknowledge(text);
      this.#data(message);
      return;
    }
    switch (message.type) {
      case "hello":
        this.#heartbeat = message.heartbeat * 1000;
        this.#attempts = 0;
        this.#become("open");
        for (const ref of this.#followed.keys()) this.#sendFollow(ref);
        this.#sendWatch();
        return this.#alive();
      case "error":
        return this.#refused(message);
      case "bye":
        if (message.code === "signed_out") this.#become("signed-out");
        return;
      case "changed":
        this.dispatchEvent(new CustomEvent("changed", { detail: message }));
        return;
      case "missed":
        this.#sendWatch();
        this.dispatchEvent(new Event("conversations"));
        return;
      case "conversations":
        this.dispatchEvent(new Event("conversations"));
    }
  }

  /** @param {{e: number, n: number, reset?: boolean, u: unknown[][]}} message */
  #data(message) {
    const followed = this.#followed.get(message.e);
    if (!followed || (!message.reset && message.n <= followed.after)) return;
    followed.after = message.n;
    if (message.u.some((update) => update[0] === "end")) this.#followed.delete(message.e);
    followed.follower.update(message.u, message.reset === true);
  }

  /** @param {{code: string, message: string, ref: number | null}} message */
  #refused(message) {
    if (message.code === "unknown_conversation") {
      this.dispatchEvent(new Event("unwatched"));
      return;
    }
    const followed = message.ref === null ? undefined : this.#followed.get(message.ref);
    if (!followed || message.ref === null) return console.warn("The server refused a message.", message);
    this.#followed.delete(message.ref);
    followed.follower.refused(message.code, message.message);
  }

  /** @param {number} code */
  #closed(code) {
    this.#clear();
    this.#socket = null;
    if (this.#closing) return;
    if (code === SIGNED_OUT || this.#state === "signed-out") return this.#become("signed-out");
    if (!navigator.onLine) return this.#become("offline");
    this.#become("waiting");
    if (code === TOO_FAST) this.#attempts = Math.max(this.#attempts, 4);
    this.#retryTimer = setTimeout(() => this.#connect(), this.#pause());
    this.#attempts += 1;
  }

  /** How long to wait, in ms: longer each time, and never all pages of a restarted server at once. */
  #pause() {
    const most = Math.min(RETRY_FIRST_MS * 2 ** this.#attempts, RETRY_LAST_MS);
    return most * (0.5 + Math.random() / 2);
  }

  /** @param {State} state */
  #drop(state) {
    this.#clear();
    clearTimeout(this.#retryTimer);
    if (this.#state === "signed-out") return;
    this.#closing = true;
    this.#socket?.close(1000);
    this.#socket = null;
    this.#become(state);
  }

  #clear() {
    clearTimeout(this.#pingTimer);
    clearTimeout(this.#pongTimer);
    this.#pongTimer = undefined;
    clearTimeout(this.#ackTimer);
  }

  /** Something came in: the connection lives. */
  #alive() {
    clearTimeout(this.#pongTimer);
    this.#pongTimer = undefined;
    clearTimeout(this.#pingTimer);
    this.#pingTimer = setTimeout(() => this.#probe(), this.#heartbeat);
  }

  /** Ask whether anybody is there; without an answer the connection is given up. */
  #probe() {
    if (this.#state !== "open") return this.#now();
    if (this.#pongTimer !== undefined) return;
    this.#send({ type: "ping" });
    this.#pongTimer = setTimeout(() => this.#again(), PONG_MS);
  }

  #again() {
    this.#drop("waiting");
    this.#now();
  }

  /** @param {string} text a data message */
  #acknowledge(text) {
    this.#received += this.#encoder.encode(text).length;
    clearTimeout(this.#ackTimer);
    if (this.#received - this.#acknowledged >= ACK_BYTES) this.#sendAck();
    else this.#ackTimer = setTimeout(() => this.#sendAck(), ACK_IDLE_MS);
  }

  #sendAck() {
    this.#acknowledged = this.#received;
    this.#send({ type: "ack", bytes: this.#received });
  }

  /** @param {number} ref */
  #sendFollow(ref) {
    const followed = this.#followed.get(ref);
    if (followed) this.#send({ type: "follow", exchange: followed.exchange, ref, after: followed.after });
  }

  /** @param {Record<string, unknown>} message */
  #send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  /** @param {State} state */
  #become(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.dispatchEvent(new Event("state"));
  }
}
