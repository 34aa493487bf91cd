// @ts-check
/**
 * The round trip to Meta: the card starts it, and a page of ours ends it, in the same tab or in a window that the card has
 * opened. Meta's pages may cut the tie between that window and its opener, so the page is told by its address as well.
 */

import { CHANNELS } from "./channel.js";

/** The name of the window that Meta's login is opened in. */
export const POPUP_NAME = "buzon-connect";

/** Marks an address that such a window returns to. */
export const POPUP_QUERY = "popup";

/** How the pages tell the card that a round trip ended. */
export const ENDED = "buzon:connect";

/** Where the pages remember a choice that was not finished. */
const SELECTION_KEY = "buzon:selection";

/** As long as the server keeps the choice open. */
const TEN_MINUTES = 600_000;

/** @typedef {import("./channel.js").Channel} Channel */

/**
 * How a login ended.
 * @typedef {object} End
 * @property {Channel} channel
 * @property {string} outcome `connected`, `cancelled`, `choosing` or why not
 * @property {string} [state] of a login whose accounts are to be chosen
 */

/** @typedef {End & { type: typeof ENDED }} Ended */

/** Whether this page stands in a window that a card has opened. */
export function inPopup() {
  return window.name === POPUP_NAME || new URLSearchParams(location.search).has(POPUP_QUERY);
}

/**
 * How a login ended, where the page's address says so.
 * @param {URLSearchParams} query
 * @param {Channel[]} [channels]
 * @returns {End | undefined}
 */
export function endIn(query, channels = CHANNELS) {
  const channel = channels.find((word) => query.has(word));
  if (!channel) return undefined;
  const result = query.get(channel) ?? "";
  const outcome = result === "error" ? (query.get("reason") ?? "other") : result;
  return { channel, outcome, state: query.get("state") ?? undefined };
}

/**
 * Tells the card, wherever it is on this origin, and closes the window. The page goes on where the browser keeps it open.
 * @param {End} end
 */
export function endPopup(end) {
  /** @type {Ended} */
  const ended = { type: ENDED, ...end };
  new BroadcastChannel(ENDED).postMessage(ended);
  window.close();
}

/** Where this window remembers the card on another site that a login began with. */
const HOST = "buzon:host";

/**
 * What the address of that card's page says: the login's `state`, and that the page stands in the window of the login.
 * @param {Channel} channel
 */
const hostQuery = (channel) => ({ state: `${channel}_state`, popup: `${channel}_popup` });

/**
 * @param {string} back the card's page
 * @param {boolean} popup whether that page is open in another window
 */
export function rememberHost(back, popup) {
  sessionStorage.setItem(HOST, JSON.stringify({ back, popup }));
}

/** A login that begins on a page of ours ends there. */
export function forgetHost() {
  sessionStorage.removeItem(HOST);
}

/**
 * Ends a login at the card on another site that it began with: there the person goes on.
 * @param {End} end
 * @returns {boolean} whether there is such a card
 */
export function endAtHost(end) {
  const kept = JSON.parse(sessionStorage.getItem(HOST) ?? "null");
  forgetHost();
  if (!kept) return false;
  const back = new URL(kept.back);
  if (kept.popup && window.opener) {
    /** @type {Ended} */
    const ended = { type: ENDED, ...end };
    window.opener.postMessage(ended, back.origin);
    window.close();
    return true;
  }
  const { channel, outcome, state } = end;
  const name = hostQuery(channel);
  const plain = ["connected", "cancelled", "choosing"].includes(outcome);
  const says = { [channel]: plain ? outcome : "error", reason: plain ? "" : outcome, [name.state]: state, [name.popup]: kept.popup && "1" };
  for (const [name, text] of Object.entries(says)) if (text) back.searchParams.set(name, text);
  location.replace(back);
  return true;
}

/**
 * How a login of this channel ended that began on this page of another site. The address is left clean, so that a reload does not
 * tell it again.
 * @param {Channel} channel
 * @returns {{ end: End, popup: boolean } | undefined}
 */
export function endAtThisHost(channel) {
  const url = new URL(location.href);
  const end = endIn(url.searchParams, [channel]);
  if (!end) return undefined;
  const name = hostQuery(channel);
  const [state, popup] = [name.state, name.popup].map((name) => url.searchParams.get(name) ?? undefined);
  for (const used of [channel, "reason", "title", name.state, name.popup]) url.searchParams.delete(used);
  history.replaceState(history.state, "", url);
  return { end: { ...end, state }, popup: popup !== undefined };
}

/**
 * Remembers the choice that this page offers.
 * @param {Channel} channel
 */
export function rememberChoice(channel) {
  const kept = { channel, path: location.pathname + location.search, until: Date.now() + TEN_MINUTES };
  sessionStorage.setItem(SELECTION_KEY, JSON.stringify(kept));
}

/** Forgets it, once it is made or the login has ended otherwise. */
export function forgetChoice() {
  sessionStorage.removeItem(SELECTION_KEY);
}

/**
 * @param {Channel} channel
 * @returns {string | undefined} the path of the page with an unfinished choice
 */
export function unfinishedChoice(channel) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(SELECTION_KEY) ?? "null");
    return kept?.channel === channel && kept.until > Date.now() ? String(kept.path) : undefined;
  } catch {
    return undefined;
  }
}
