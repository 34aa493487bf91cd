// @ts-check
/**
 * Talks to the configured issuer: OpenID Connect, authorization code flow with PKCE (RFC 7636), refresh tokens, logout.
 * Its addresses come with the page.
 */

import { claimsOf } from "./api.js";

const LOGIN = "buzon:login";
const FAILURE = "buzon:sign-in-failure";
/** Set where the issuer's session could not be ended: the next sign-in asks who it is. */
const ASK = "buzon:ask";

/** @typedef {{ access_token?: string, id_token?: string, refresh_token?: string, expires_in?: number }} Tokens */
/** @typedef {"not-started" | "issuer" | "refused" | "code" | "opaque" | "token" | "claims"} Reason */

/** Why nobody is signed in now. Trying again by itself would go round in circles: the page says it instead. */
export class SignInError extends Error {
  /**
   * @param {Reason} reason
   * @param {string} [detail] for whoever set this up
   */
  constructor(reason, detail = "") {
    super(`sign-in failed (${reason}): ${detail}`);
    this.reason = reason;
    this.detail = detail;
  }
}

/** @param {string} name */
export function setting(name) {
  return document.querySelector(`meta[name="buzon:${name}"]`)?.getAttribute("content") ?? "";
}

/** @param {Uint8Array} bytes */
function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

const redirectUri = () => `${location.origin}/auth/callback`;

/**
 * Leaves for the issuer's sign-in page, and comes back to where the person is now.
 */
export async function leaveToSignIn() {
  const endpoint = setting("authorization-endpoint");
  if (!endpoint) return stop(new SignInError("issuer", setting("issuer")));
  const [verifier, state, nonce] = [random(), random(), random()];
  const challenge = base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
  const back = location.pathname === "/auth/callback" ? "/" : location.pathname + location.search;
  sessionStorage.setItem(LOGIN, JSON.stringify({ verifier, state, nonce, back }));
  const url = new URL(endpoint);
  const query = {
    response_type: "code",
    client_id: setting("client-id"),
    redirect_uri: redirectUri(),
    scope: setting("scope"),
    audience: setting("audience"),
    resource: setting("resource"),
    prompt: sessionStorage.getItem(ASK) ?? "",
    state,
    nonce,
    code_challenge: challenge,
    code_challenge_method: "S256",
  };
  for (const [name, text] of Object.entries(query)) if (text) url.searchParams.set(name, text);
  location.assign(url);
}

/**
 * Shows on `/auth/callback` why nobody is signed in.
 * @param {SignInError} error
 */
function stop(error) {
  sessionStorage.setItem(FAILURE, JSON.stringify({ reason: error.reason, detail: error.detail }));
  location.assign("/auth/callback");
}

/**
 * Ends the flow on `/auth/callback`.
 * @returns {Promise<{ tokens: Tokens, back: string }>} what the issuer gave, and where the person was going
 */
export async function redeem() {
  const failure = JSON.parse(sessionStorage.getItem(FAILURE) ?? "null");
  sessionStorage.removeItem(FAILURE);
  if (failure) throw new SignInError(failure.reason, failure.detail);
  const query = new URLSearchParams(location.search);
  const started = JSON.parse(sessionStorage.getItem(LOGIN) ?? "null");
  sessionStorage.removeItem(LOGIN);
  if (!started || query.get("state") !== started.state) throw new SignInError("not-started");
  const code = query.get("code");
  if (!code) throw new SignInError("refused", [query.get("error"), query.get("error_description")].filter(Boolean).join(": "));
  const tokens = await ask({ grant_type: "authorization_code", code, redirect_uri: redirectUri(), code_verifier: started.verifier });
  if (tokens.id_token && claimsOf(tokens.id_token).nonce !== started.nonce) throw new SignInError("not-started", "nonce");
  sessionStorage.removeItem(ASK);
  return { tokens, back: started.back };
}

/**
 * New tokens without leaving the page.
 * @param {string} refresh
 * @returns {Promise<Tokens>}
 */
export const refreshed = (refresh) => ask({ grant_type: "refresh_token", refresh_token: refresh });

/**
 * @param {Record<string, string>} grant
 * @returns {Promise<Tokens>}
 */
async function ask(grant) {
  const endpoint = setting("token-endpoint");
  if (!endpoint) throw new SignInError("issuer", setting("issuer"));
  const body = new URLSearchParams({ client_id: setting("client-id"), ...grant });
  const response = await fetch(endpoint, { method: "POST", body }).catch((error) => {
    // An issuer that does not know this origin answers without CORS headers, which looks like no answer.
    throw new SignInError("code", `${endpoint}: ${error.message}; is ${location.origin} allowed there (CORS)?`);
  });
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) throw new SignInError("code", [response.status, answer.error, answer.error_description].filter(Boolean).join(" "));
  return answer;
}

/**
 * Where the session at the issuer ends, and the browser comes back from; our start page, where it cannot end.
 * @param {string | undefined} id the ID token
 */
export function signOutAddress(id) {
  const home = `${location.origin}/`;
  const client = setting("client-id");
  const [endpoint, query] = {
    oidc: () => [setting("end-session-endpoint"), { post_logout_redirect_uri: home, client_id: client, id_token_hint: id ?? "" }],
    cognito: () => [new URL("/logout", setting("authorization-endpoint")).href, { client_id: client, logout_uri: home }],
    auth0: () => [new URL("/v2/logout", setting("issuer")).href, { client_id: client, returnTo: home }],
    local: () => ["", {}],
  }[/** @type {"oidc" | "cognito" | "auth0" | "local"} */ (setting("logout"))]();
  if (!endpoint) {
    sessionStorage.setItem(ASK, "login");
    return home;
  }
  const url = new URL(/** @type {string} */ (endpoint));
  for (const [name, text] of Object.entries(query)) if (text) url.searchParams.set(name, text);
  return url.href;
}
