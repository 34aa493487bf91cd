// @ts-check
/** Calls Buzón's HTTP API with the person's token. */

import { meaning } from "./text.js";

/** @typedef {(options?: { renew?: boolean }) => string | Promise<string>} TokenSource */

/** An answer that is a problem document (RFC 9457), or no answer at all (`status` 0). */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {Record<string, any>} problem
   */
  constructor(status, problem) {
    super(String(problem.title ?? "No answer"));
    this.status = status;
    this.problem = problem;
  }

  get offline() {
    return this.status === 0;
  }

  /** The last part of the problem's `type`, as `quota-exceeded`. */
  get kind() {
    return String(this.problem.type ?? "").split("/").pop() ?? "";
  }

  /**
   * What a person is told.
   * @param {import("./text.js").Translate} t
   */
  explain(t) {
    if (this.offline) return { title: t("inbox.offline") };
    if (this.status === 401) return { title: t("error.session") };
    return meaning(t, `problem.${this.kind}`, { title: this.problem.title, text: this.problem.detail });
  }
}

export class Api {
  /**
   * @param {string} base
   * @param {TokenSource} token
   */
  constructor(base, token) {
    this.base = base.replace(/\/$/, "");
    this.token = token;
    /** @type {Map<string, { etag: string, body: any }>} */
    this.remembered = new Map();
  }

  /**
   * Reads, and costs the server next to nothing where nothing has changed.
   * @param {string} path
   * @param {AbortSignal} [signal]
   * @returns {Promise<any>} the same object as last time where nothing has changed
   */
  async get(path, signal) {
    const known = this.remembered.get(path);
    const response = await this.#call("GET", path, { signal, headers: known ? { "if-none-match": known.etag } : {} });
    if (response.status === 304 && known) return known.body;
    const body = await response.json();
    const etag = response.headers.get("etag");
    if (etag) this.remembered.set(path, { etag, body });
    return body;
  }

  /**
   * @param {"POST" | "PATCH" | "PUT" | "DELETE"} method
   * @param {string} path
   * @param {unknown} [body]
   * @param {Record<string, string>} [headers]
   * @returns {Promise<any>}
   */
  async change(method, path, body, headers = {}) {
    const response = await this.#call(method, path, {
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body ?? {}),
    });
    return response.status === 204 ? null : response.json();
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {RequestInit & { headers: Record<string, string> }} init
   */
  async #call(method, path, init) {
    let response = await this.#once(method, path, init, false);
    // A token that ended in mid session: ask for another, once.
    if (response.status === 401) response = await this.#once(method, path, init, true);
    if (response.ok || response.status === 304) return response;
    const problem = await response.json().catch(() => ({}));
    throw new ApiError(response.status, problem);
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {RequestInit & { headers: Record<string, string> }} init
   * @param {boolean} renew
   */
  async #once(method, path, init, renew) {
    try {
      const token = await this.token({ renew });
      // The cookie that binds a login to this browser travels with the call.
      return await fetch(this.base + path, {
        ...init,
        method,
        credentials: "include",
        cache: "no-store",
        headers: { ...init.headers, authorization: `Bearer ${token}` },
      });
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      throw new ApiError(0, { title: "No answer" });
    }
  }
}

/**
 * Who the token speaks for. Only for showing and for paths: the server trusts nothing of it.
 * @param {string} token
 * @returns {Record<string, any>}
 */
export function claimsOf(token) {
  try {
    const part = token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
    const bytes = Uint8Array.from(atob(part), (char) => char.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return {};
  }
}
