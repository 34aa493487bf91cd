// @ts-check
/** Who is signed in, in this tab. */

import { claimsOf } from "./api.js";
import { leaveToSignIn, redeem, refreshed, setting, SignInError, signOutAddress } from "./issuer.js";
import { inPopup } from "./round-trip.js";

const SESSION = "buzon:session";
const STATUS = "/api/integrations/status";

/** A token that is refused so soon after signing in will be refused again: asking once more would go round in circles. */
const FRESH_MS = 5_000;

/**
 * @typedef {object} Session
 * @property {string} bearer what the API is given
 * @property {string} [id] the ID token
 * @property {string} [refresh]
 * @property {number} since when it was given out
 * @property {number} until when it ends, by this browser's clock
 * @property {boolean} accepted whether the API has taken it
 */

export const brand = setting("brand");

/** Where the simulated phone is, on a stack with a simulated Meta. */
export const phone = setting("phone");

/** @returns {Session | undefined} */
function session() {
  return JSON.parse(sessionStorage.getItem(SESSION) ?? "null") ?? undefined;
}

/** @param {string} token */
const isJwt = (token) => token.split(".").length === 3 && Object.keys(claimsOf(token)).length > 0;

/**
 * Keeps what the issuer gave. Which token is the API's is a setting; an access token that only the issuer can read is none.
 * @param {import("./issuer.js").Tokens} tokens
 * @param {Session} [before]
 * @returns {Session}
 */
function keep({ access_token: access = "", id_token: id, refresh_token: refresh, expires_in: seconds = 300 }, before) {
  const choice = setting("api-token");
  const bearer = choice === "id" || (choice === "auto" && !isJwt(access)) ? id : access;
  if (!bearer || !isJwt(bearer)) throw new SignInError("opaque");
  const { exp, iat } = claimsOf(bearer);
  // The issuer's clock may differ from this one: what counts is how long the token lives.
  const lives = exp > iat ? exp - iat : seconds;
  /** @type {Session} */
  const kept = {
    bearer,
    id: id ?? before?.id,
    refresh: refresh ?? before?.refresh,
    since: Date.now(),
    until: Date.now() + lives * 1000,
    accepted: false,
  };
  sessionStorage.setItem(SESSION, JSON.stringify(kept));
  return kept;
}

/** What the tokens say of who is signed in. */
export function person() {
  const known = session();
  return known && (known.refresh || Date.now() < known.until) ? { ...claimsOf(known.id ?? ""), ...claimsOf(known.bearer) } : undefined;
}

/**
 * A claim by its name, or by its path: `a.b` is the member `b` of the claim `a`, where no claim is called so.
 * @param {Record<string, any>} claims
 * @param {string} name
 * @returns {any}
 */
export function claim(claims, name) {
  if (Object.hasOwn(claims, name)) return claims[name];
  for (let dot = name.indexOf("."); dot > 0; dot = name.indexOf(".", dot + 1)) {
    const inner = claims[name.slice(0, dot)];
    const found = inner && typeof inner === "object" ? claim(inner, name.slice(dot + 1)) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whose data the person who is signed in sees: issuers name that claim differently. */
export function tenant() {
  const known = session();
  return known && claim(claimsOf(known.bearer), setting("tenant-claim"));
}

/**
 * The components' token source: renews the token when it has ended or the API refused it, and signs in again where that
 * does not help.
 * @param {{ renew?: boolean }} [options]
 * @returns {Promise<string>}
 */
export async function token({ renew = false } = {}) {
  const known = session();
  const lives = known && Date.now() < known.until;
  if (lives && !renew) return known.bearer;
  const isFresh = known && Date.now() - known.since < FRESH_MS;
  if (lives && isFresh && known.accepted) return known.bearer;
  const next = known?.refresh && !(renew && isFresh) ? await renewed(known) : undefined;
  if (next) return next.bearer;
  await signIn();
  return new Promise(() => {}); // the page is leaving
}

/** @type {Promise<Session | undefined> | undefined} */
let renewing;

/**
 * Once for all calls that find out at the same time. A window that the card has opened has a copy of the session: what it used
 * up would be lost for the page that opened it.
 * @param {Session} known
 */
function renewed(known) {
  if (inPopup()) return undefined;
  renewing ??= refreshed(known.refresh ?? "")
    .then((tokens) => keep(tokens, known))
    .catch(() => (navigator.onLine ? undefined : Promise.reject(new Error("offline"))))
    .finally(() => (renewing = undefined));
  return renewing;
}

/** @type {Promise<void> | undefined} */
let leaving;

/** Leaves for the issuer, unless the page is leaving already: several calls may find at the same time that the token has ended. */
export function signIn() {
  sessionStorage.removeItem(SESSION);
  leaving ??= leaveToSignIn().catch((error) => {
    leaving = undefined;
    throw error;
  });
  return leaving;
}

/**
 * Ends the flow on `/auth/callback`, and asks the API whether it takes the token: if not, that is the end of it.
 * @returns {Promise<string>} where the person was going
 */
export async function finishSignIn() {
  const { tokens, back } = await redeem();
  const kept = keep(tokens);
  try {
    await check(kept.bearer);
  } catch (error) {
    sessionStorage.removeItem(SESSION);
    throw error;
  }
  sessionStorage.setItem(SESSION, JSON.stringify({ ...kept, accepted: true }));
  return back;
}

/** @param {string} bearer */
async function check(bearer) {
  const response = await fetch(STATUS, { headers: { authorization: `Bearer ${bearer}` }, cache: "no-store" });
  if (response.status === 401) {
    const { iss, aud, client_id: client } = claimsOf(bearer);
    const why = /error_description="([^"]*)"/.exec(response.headers.get("www-authenticate") ?? "")?.[1];
    throw new SignInError("token", `${why ?? "401"}. iss: ${iss}, aud: ${aud ?? `none, client_id: ${client}`}`);
  }
  const problem = response.status === 403 ? await response.json() : {};
  if (problem.claim) throw new SignInError("claims", `${problem.claim}: ${problem.detail}`);
}

/** Forgets the person in this tab, and at the issuer where that is possible. */
export function signOut() {
  const id = session()?.id;
  // Calls that are under way find nobody signed in now. They wait for the page to go.
  leaving = Promise.resolve();
  sessionStorage.clear();
  location.assign(signOutAddress(id));
}
