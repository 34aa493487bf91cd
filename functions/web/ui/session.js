// @ts-check
/**
 * Signs people in at the configured issuer: OpenID Connect, authorization code flow with PKCE (RFC 7636).
 * The token is kept for this tab only.
 */

import { claimsOf } from "./api.js";

const TOKEN = "buzon:token";
const LOGIN = "buzon:login";
const SINCE = "buzon:signed-in-at";

/** A token that is refused so soon after signing in will be refused again: asking once more would go round in circles. */
const FRESH_MS = 15_000;

/** @param {string} name */
function setting(name) {
  return document.querySelector(`meta[name="buzon:${name}"]`)?.getAttribute("content") ?? "";
}

export const brand = setting("brand");

/** Where the simulated phone is, on a stack with a simulated Meta. */
export const phone = setting("phone");

/** @returns {string | undefined} the token, while it lasts */
export function currentToken() {
  const token = sessionStorage.getItem(TOKEN);
  if (!token) return undefined;
  const { exp } = claimsOf(token);
  return typeof exp === "number" && exp * 1000 > Date.now() ? token : undefined;
}

/** Who is signed in. */
export function person() {
  const token = currentToken();
  return token ? claimsOf(token) : undefined;
}

/** Whose data the person who is signed in sees: issuers name that claim differently. */
export function tenant() {
  return person()?.[setting("tenant-claim")];
}

/**
 * The components' token source: signs in again when there is no token or the API refused it.
 * @param {{ renew?: boolean }} [options]
 * @returns {Promise<string>}
 */
export async function token({ renew = false } = {}) {
  const known = currentToken();
  const fresh = Date.now() - Number(sessionStorage.getItem(SINCE)) < FRESH_MS;
  if (known && (!renew || fresh)) return known;
  await signIn();
  return new Promise(() => {}); // the page is leaving
}

/** @param {Uint8Array} bytes */
function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

async function discover() {
  const response = await fetch(`${setting("issuer").replace(/\/$/, "")}/.well-known/openid-configuration`);
  return response.json();
}

const redirectUri = () => `${location.origin}/auth/callback`;

/** @type {Promise<void> | undefined} */
let leaving;

/**
 * Leaves for the issuer's sign-in page, and comes back to where the person is now. Once: several calls may find at the same
 * time that the token has ended.
 */
export function signIn() {
  leaving ??= leave().catch((error) => {
    leaving = undefined;
    throw error;
  });
  return leaving;
}

async function leave() {
  sessionStorage.removeItem(TOKEN);
  const [verifier, state, nonce] = [random(), random(), random()];
  const challenge = base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
  const back = location.pathname === "/auth/callback" ? "/" : location.pathname + location.search;
  sessionStorage.setItem(LOGIN, JSON.stringify({ verifier, state, nonce, back }));
  const { authorization_endpoint: endpoint } = await discover();
  const query = new URLSearchParams({
    response_type: "code",
    client_id: setting("client-id"),
    redirect_uri: redirectUri(),
    scope: "openid profile",
    state,
    nonce,
    code_challenge: challenge,
    code_challenge_method: "S256",
  });
  location.assign(`${endpoint}?${query}`);
}

/**
 * Ends the flow on `/auth/callback`.
 * @returns {Promise<string>} where the person was going
 */
export async function finishSignIn() {
  const query = new URLSearchParams(location.search);
  const started = JSON.parse(sessionStorage.getItem(LOGIN) ?? "null");
  sessionStorage.removeItem(LOGIN);
  if (!started || query.get("state") !== started.state || !query.get("code")) throw new Error("sign-in was not started here");
  const { token_endpoint: endpoint } = await discover();
  const response = await fetch(endpoint, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      code: query.get("code") ?? "",
      redirect_uri: redirectUri(),
      client_id: setting("client-id"),
      code_verifier: started.verifier,
    }),
  });
  if (!response.ok) throw new Error("the issuer refused the code");
  const { access_token: access, id_token: id } = await response.json();
  if (id && claimsOf(id).nonce !== started.nonce) throw new Error("the answer belongs to another sign-in");
  sessionStorage.setItem(TOKEN, access);
  sessionStorage.setItem(SINCE, String(Date.now()));
  return started.back;
}

/** Forgets the person in this tab. */
export function signOut() {
  sessionStorage.clear();
  location.assign("/");
}
