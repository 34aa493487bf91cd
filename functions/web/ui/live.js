// @ts-check
/**
 * Lets a page be told when something has changed, over a socket. What it is told are hints, without a text or a name: the page then asks,
 * with its ETags. Whoever has no socket (switched off, kept out by a proxy or a policy, offline) asks again and again as before.
 */

import { ApiError } from "./api.js";

/** A socket is replaced after this time, and the page asks: whatever hint was lost is made up for by then at the latest. */
const RENEW_MS = 15 * 60_000;

/** No ticket follows another sooner, however little of its life a token has left. */
const SHORTEST_SECONDS = 5;

/**
 * After what it was told the page asks again, less and less often, until nothing has happened for two minutes: a hint is sent once at
 * most, and who sends it may not know of a new socket for a moment.
 */
const FOLLOW_UP_MS = [2_000, 10_000, 30_000, 90_000];

/** API Gateway closes a socket on which nothing was said for ten minutes, and networks forget one sooner. */
const PING_MS = 3 * 60_000;

/** How long an answer may take, from a socket that is to open or to prove that it lives. */
const PATIENCE_MS = 10_000;

/** Many hints at once are one question. */
const GAP_MS = 500;

/** The same while nobody looks: only the count in the title shows. */
const HIDDEN_GAP_MS = 15_000;

/** The longest wait after tries that failed. */
const BACK_OFF_MS = 5 * 60_000;

/**
 * What may be old: the page's first questions in any case, and what is named.
 * @typedef {object} Hint
 * @property {Set<string>} conversations
 * @property {boolean} connections
 */

/**
 * @typedef {object} Surroundings
 * @property {() => import("./api.js").Api} api
 * @property {() => Promise<string>} base
 * @property {(hint: Hint) => void} changed
 * @property {AbortSignal} signal
 */

export class Live {
  /** @param {Surroundings} around */
  constructor(around) {
    this.around = around;
    /** @type {WebSocket | undefined} the one that tells */
    this.socket = undefined;
    /** When something was heard last. */
    this.heardAt = 0;
    this.askedAt = 0;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.asking = undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.following = undefined;
    /** @type {Hint} what was told since it was asked for last */
    this.told = { conversations: new Set(), connections: false };
    /** Ends the wait for the socket's end. */
    this.lost = () => {};
  }

  /** Whether the page is told. */
  get isOpen() {
    return this.socket !== undefined;
  }

  /** Keeps a socket open for as long as the page lives; ends where there are none. */
  async run() {
    const { signal } = this.around;
    window.addEventListener("online", () => void this.#check(), { signal });
    document.addEventListener("visibilitychange", () => this.#looked(), { signal });
    signal.addEventListener("abort", () => this.#drop());
    let failures = 0;
    while (!signal.aborted) {
      try {
        const { socket, seconds } = await this.#open();
        const since = Date.now();
        this.#take(socket);
        if (await this.#isDue(socket, seconds)) continue;
        failures = Date.now() - since > PING_MS ? 0 : failures + 1;
      } catch (error) {
        if (error instanceof ApiError && (error.status === 404 || error.status === 403)) return this.#drop();
        if (!(error instanceof ApiError) && !(error instanceof DOMException)) throw error;
        failures += 1;
      }
      this.#drop();
      await this.#pause(failures);
    }
  }

  /** Asks for a ticket, and opens a socket with it. The ticket is good once and for half a minute: no token is in an address. */
  async #open() {
    const { api, base, signal } = this.around;
    const { url, ticket, socket_seconds: seconds } = await api().change("POST", `${await base()}/live/tickets`);
    signal.throwIfAborted();
    const socket = new WebSocket(`${url}?ticket=${ticket}`);
    const { promise, resolve, reject } = Promise.withResolvers();
    socket.addEventListener("open", resolve);
    socket.addEventListener("close", () => reject(new ApiError(0)));
    const timer = setTimeout(() => reject(new ApiError(0)), PATIENCE_MS);
    await promise.finally(() => clearTimeout(timer)).catch((error) => {
      socket.close();
      throw error;
    });
    return { socket, seconds: Number(seconds) };
  }

  /**
   * From now on this socket tells, and one that did no more; whatever has happened before is asked for.
   * @param {WebSocket} socket
   */
  #take(socket) {
    this.#drop();
    if (this.around.signal.aborted) return socket.close();
    this.socket = socket;
    this.heardAt = Date.now();
    socket.addEventListener("message", ({ data }) => this.socket === socket && this.#hear(data));
    this.#anything();
    this.#ask();
  }

  /** What has changed, nobody has said. */
  #anything() {
    this.told.connections = true;
  }

  #drop() {
    this.socket?.close();
    this.socket = undefined;
  }

  /**
   * Waits until the socket is to be replaced, which is `true`, or has closed. It ends with the token: the next ticket needs a new one, and
   * is asked for just after.
   * @param {WebSocket} socket
   * @param {number} seconds
   * @returns {Promise<boolean>}
   */
  async #isDue(socket, seconds) {
    const { promise, resolve } = Promise.withResolvers();
    const due = Math.min(RENEW_MS * (0.8 + 0.2 * Math.random()), Math.max(seconds, SHORTEST_SECONDS) * 1000 + 1000);
    const timers = [setTimeout(() => resolve(true), due), setInterval(() => void this.#check(), PING_MS)];
    this.lost = () => resolve(false);
    socket.addEventListener("close", this.lost);
    this.around.signal.addEventListener("abort", this.lost);
    const isDue = await promise;
    for (const timer of timers) clearTimeout(timer);
    return isDue;
  }

  /** Finds out whether the socket still lives: a network that has gone closes nothing. */
  async #check() {
    const { socket } = this;
    if (socket?.readyState !== WebSocket.OPEN) return;
    const asked = Date.now();
    socket.send(JSON.stringify({ action: "ping" }));
    await new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
    if (this.socket === socket && this.heardAt < asked) this.lost();
  }

  /** @param {unknown} data */
  #hear(data) {
    this.heardAt = Date.now();
    const { type, conversations = [], connections = false } = JSON.parse(String(data));
    if (type !== "changed") return;
    for (const { id } of conversations) this.told.conversations.add(id);
    this.told.connections ||= connections;
    this.#ask();
  }

  /** Whoever looks again sees what is so now. */
  #looked() {
    if (document.hidden || !this.isOpen) return;
    clearTimeout(this.asking);
    this.#anything();
    this.#askNow(0);
    void this.#check();
  }

  #ask() {
    const gap = document.hidden ? HIDDEN_GAP_MS : GAP_MS;
    this.asking ??= setTimeout(() => this.#askNow(0), Math.max(0, this.askedAt + gap - Date.now()));
  }

  /** @param {number} time how often it has been asked since something was told */
  #askNow(time) {
    const { told } = this;
    clearTimeout(this.following);
    this.asking = undefined;
    this.askedAt = Date.now();
    this.told = { conversations: new Set(), connections: false };
    if (this.around.signal.aborted) return;
    this.around.changed(told);
    if (time < FOLLOW_UP_MS.length) this.following = setTimeout(() => this.isOpen && this.#askNow(time + 1), FOLLOW_UP_MS[time]);
  }

  /**
   * Not all who were cut off come back at once.
   * @param {number} failures
   */
  async #pause(failures) {
    const { promise, resolve } = Promise.withResolvers();
    const most = Math.min(BACK_OFF_MS, 1000 * 2 ** failures);
    const timer = setTimeout(resolve, 250 + most * Math.random());
    window.addEventListener("online", resolve, { once: true });
    this.around.signal.addEventListener("abort", resolve, { once: true });
    await promise;
    clearTimeout(timer);
    window.removeEventListener("online", resolve);
  }
}
