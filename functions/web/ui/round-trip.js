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

/** @typedef {{ type: typeof CHANNEL, outcome: string }} Ended */

/** Whether this page stands in a window that a card has opened. */
export function inPopup() {
  return window.name === POPUP_NAME || new URLSearchParams(location.search).has(POPUP_QUERY);
}

/**
 * Tells the card, wherever it is, and closes the window. The page goes on where the browser keeps it open.
 * @param {string} outcome `connected`, `cancelled` or why not
 */
export function endPopup(outcome) {
  /** @type {Ended} */
  const ended = { type: CHANNEL, outcome };
  new BroadcastChannel(CHANNEL).postMessage(ended);
  // The card may stand in a page of another origin; all that it learns is that the trip ended, and how.
  window.opener?.postMessage(ended, "*");
  window.close();
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
