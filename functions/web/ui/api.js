// @ts-check
/** Calls Buzón's HTTP API with the person's token. */

import { meaning } from "./text.js";

/** @typedef {(options?: { renew?: boolean }) => string | Promise<string>} TokenSource */

/** @typedef {"token" | "endpoint" | "cors" | "audience" | "claims" | "tenant" | "no-tenant"} Mistake what the page around got wrong */

/** An answer that is a problem document (RFC 9457), or no answer at all (`status` 0). */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {Record<string, any>} [problem]
   * @param {Mistake} [mistake]
   */
  constructor(status, problem = {}, mistake) {
    super(String(problem.title ?? "No answer"));
    this.status = status;
    this.problem = problem;
    this.mistake = mistake;
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
    if (this.mistake) return meaning(t, `setup.${this.mistake}`, {});
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
    /** The token that was given last. */
    this.latest = "";
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
    const error = new ApiError(response.status, await response.json().catch(() => ({})));
    const { why, mistake } = whyRefused(error, path, claimsOf(this.latest));
    if (why) tellOnce(`${method} ${path} was answered ${response.status}: ${why}`);
    error.mistake = mistake;
    throw error;
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {RequestInit & { headers: Record<string, string> }} init
   * @param {boolean} renew
   */
  async #once(method, path, init, renew) {
    const token = await this.given({ renew });
    try {
      // The cookie that binds a login to this browser travels with the calls of pages of this site.
      return await fetch(this.base + path, {
        ...init,
        method,
        credentials: "same-origin",
        cache: "no-store",
        headers: { ...init.headers, authorization: `Bearer ${token}` },
      });
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") throw error;
      throw await this.#unreachable();
    }
  }

  /**
   * What the page gives as the person's token.
   * @param {{ renew?: boolean }} [options]
   * @returns {Promise<string>}
   */
  async given(options) {
    /** @type {unknown} */
    let given;
    try {
      given = await this.token(options);
    } catch (error) {
      if (error instanceof ApiError) throw error;
      if (!navigator.onLine) throw new ApiError(0);
      tellOnce(`the page's "token" function failed: ${error}`);
      throw new ApiError(0, {}, "endpoint");
    }
    if (typeof given === "string" && given) return (this.latest = given);
    tellOnce(`the page's "token" function gave ${given === "" ? "an empty text" : typeof given} in place of a token`);
    throw new ApiError(0, {}, "token");
  }

  /** A browser tells a page no difference between no network and an API that does not know the page: a question that needs no leave does. */
  async #unreachable() {
    const elsewhere = new URL(this.base, location.href).origin !== location.origin;
    const there = elsewhere && (await fetch(`${this.base}/ui/buzon.js`, { mode: "no-cors" }).then(() => true, () => false));
    if (!there) return new ApiError(0);
    tellOnce(`${this.base} does not let ${location.origin} call it: AllowedOrigins of the deployment has to name exactly this origin, without a slash at its end`);
    return new ApiError(0, {}, "cors");
  }
}

/** @type {Set<string>} */
const told = new Set();

/**
 * Tells whoever builds the page, in its console, once for each mistake.
 * @param {string} what
 */
export function tellOnce(what) {
  if (told.has(what)) return;
  told.add(what);
  console.error(`Buzón: ${what}`);
}

/**
 * What the page got wrong, where a refusal says so.
 * @param {ApiError} error
 * @param {string} path
 * @param {Record<string, any>} claims
 * @returns {{ why?: string, mistake?: Mistake }}
 */
function whyRefused({ status, kind, problem }, path, claims) {
  if (status === 401) return whyNotTaken(claims);
  if (kind === "unusable-claims") return { why: `the token's claim ${problem.claim} does not fit. ${problem.detail}`, mistake: "claims" };
  if (kind === "role-required") return { why: "the token's role does not allow it; the claim is the deployment's RoleClaim" };
  const [, tenant] = /^\/api\/tenants\/([^/]+)\//.exec(path) ?? [];
  const own = claims.tenant_id;
  const another = status === 404 && tenant && own && decodeURIComponent(tenant) !== own;
  return another ? { why: `the token is of the tenant ${own}`, mistake: "tenant" } : {};
}

/**
 * A token that has ended was not renewed; another one is not for this API.
 * @param {Record<string, any>} claims
 * @returns {{ why: string, mistake?: Mistake }}
 */
function whyNotTaken({ iss, aud, client_id: client, exp }) {
  if (exp * 1000 < Date.now()) return { why: `the "token" function gave a token that ended at ${new Date(exp * 1000).toISOString()}` };
  const why = `the token is not for this API: its iss is ${iss}, its aud ${aud}, its client_id ${client}; JwtIssuer and JwtAudience have to be these`;
  return { why, mistake: "audience" };
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
