// @ts-check
/**
 * The round trip to Meta: the card starts it, and a page of ours ends it, in the same tab or in a window that the card has
 * opened. Meta's pages may cut the tie between that window and its opener, so the page is told by its address as well.
 */

/** The name of the window that Meta's login is opened in. */
export const POPUP_NAME = "buzon-connect";

/** Marks an address that such a window returns to. */
export const POPUP_QUERY = "popup";

/** How the pages tell the card that a round trip ended. */
export const CHANNEL = "buzon:connect";

/** Where the pages remember a choice that was not finished. */
const SELECTION_KEY = "buzon:selection";

/** As long as the server keeps the choice open. */
const TEN_MINUTES = 600_000;

/** @typedef {{ type: typeof CHANNEL, outcome: string, state?: string }} Ended */

/** Whether this page stands in a window that a card has opened. */
export function inPopup() {
  return window.name === POPUP_NAME || new URLSearchParams(location.search).has(POPUP_QUERY);
}

/**
 * How a login ended, where the page's address says so.
 * @param {URLSearchParams} query
 * @returns {string | undefined} `connected`, `cancelled`, `choosing` or why not
 */
export function outcomeIn(query) {
  const result = query.get("instagram");
  return result === "error" ? (query.get("reason") ?? "other") : (result ?? undefined);
}

/**
 * Tells the card, wherever it is on this origin, and closes the window. The page goes on where the browser keeps it open.
 * @param {string} outcome as of {@link outcomeIn}
 * @param {string} [state] of a login whose accounts are to be chosen
 */
export function endPopup(outcome, state) {
  /** @type {Ended} */
  const ended = { type: CHANNEL, outcome, state };
  new BroadcastChannel(CHANNEL).postMessage(ended);
  window.close();
}

/** Where this window remembers the card on another site that a login began with. */
const HOST = "buzon:host";

/** What the address of that card's page says: the login's `state`, and that the page stands in the window of the login. */
export const HOST_QUERY = { state: "instagram_state", popup: "instagram_popup" };

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
 * @param {string} outcome as of {@link outcomeIn}
 * @param {string} [state] of a login whose accounts are to be chosen
 * @returns {boolean} whether there is such a card
 */
export function endAtHost(outcome, state) {
  const kept = JSON.parse(sessionStorage.getItem(HOST) ?? "null");
  forgetHost();
  if (!kept) return false;
  const back = new URL(kept.back);
  if (kept.popup && window.opener) {
    /** @type {Ended} */
    const ended = { type: CHANNEL, outcome, state };
    window.opener.postMessage(ended, back.origin);
    window.close();
    return true;
  }
  const plain = ["connected", "cancelled", "choosing"].includes(outcome);
  const says = { instagram: plain ? outcome : "error", reason: plain ? "" : outcome, [HOST_QUERY.state]: state, [HOST_QUERY.popup]: kept.popup && "1" };
  for (const [name, text] of Object.entries(says)) if (text) back.searchParams.set(name, text);
  location.replace(back);
  return true;
}

/**
 * How a login ended that began on this page of another site. The address is left clean, so that a reload does not tell it again.
 * @returns {{ outcome: string, state?: string, popup: boolean } | undefined}
 */
export function outcomeAtHost() {
  const url = new URL(location.href);
  const outcome = outcomeIn(url.searchParams);
  if (!outcome) return undefined;
  const [state, popup] = [HOST_QUERY.state, HOST_QUERY.popup].map((name) => url.searchParams.get(name) ?? undefined);
  for (const name of ["instagram", "reason", "title", ...Object.values(HOST_QUERY)]) url.searchParams.delete(name);
  history.replaceState(history.state, "", url);
  return { outcome, state, popup: popup !== undefined };
}

/** Remembers the choice that this page offers. */
export function rememberChoice() {
  const kept = { path: location.pathname + location.search, until: Date.now() + TEN_MINUTES };
  sessionStorage.setItem(SELECTION_KEY, JSON.stringify(kept));
}

/** Forgets it, once it is made or the login has ended otherwise. */
export function forgetChoice() {
  sessionStorage.removeItem(SELECTION_KEY);
}

/** @returns {string | undefined} the path of the page with an unfinished choice */
export function unfinishedChoice() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(SELECTION_KEY) ?? "null");
    return kept && kept.until > Date.now() ? String(kept.path) : undefined;
  } catch {
    return undefined;
  }
}
