// @ts-check
/** `/settings/integrations`: the card, and the end of a round trip to Meta. */

import "./buzon.js";
import { CHANNEL, POPUP_NAME, SELECTION_KEY } from "./connect-card.js";
import { h } from "./dom.js";
import { token } from "./session.js";
import { component, language, page } from "./shell.js";

const TITLE = { es: "Integraciones", en: "Integrations" }[language];

const query = new URLSearchParams(location.search);
const result = query.get("instagram");
const outcome = result === "error" ? (query.get("reason") ?? "other") : (result ?? undefined);

if (outcome) {
  sessionStorage.removeItem(SELECTION_KEY);
  // The address is left clean, so that a reload does not tell the outcome again.
  history.replaceState(null, "", location.pathname);
}

if (outcome && window.name === POPUP_NAME) {
  const ended = { type: CHANNEL, outcome };
  new BroadcastChannel(CHANNEL).postMessage(ended);
  // The card may stand in a page of another origin; what it learns is only that the trip ended.
  window.opener?.postMessage(ended, "*");
  window.close();
}

page(h("h1", {}, TITLE), component("buzon-connect-card", token, { outcome, "return-to": location.pathname }));
