// @ts-check
/** `/settings/integrations/instagram/select?state=…`: the choice among several accounts. */

import "./buzon.js";
import { Api } from "./api.js";
import { CHANNEL, POPUP_NAME, SELECTION_KEY } from "./connect-card.js";
import { h } from "./dom.js";
import { token } from "./session.js";
import { component, language, page } from "./shell.js";

const TEXTS = {
  es: { title: "Instagram", back: "Volver a Integraciones" },
  en: { title: "Instagram", back: "Back to Integrations" },
}[language];

/** As long as the server keeps the choice open. */
const TEN_MINUTES = 600_000;

const state = new URLSearchParams(location.search).get("state") ?? "";
sessionStorage.setItem(SELECTION_KEY, JSON.stringify({ path: location.pathname + location.search, until: Date.now() + TEN_MINUTES }));

const status = await new Api(location.origin, token).get("/api/integrations/meta/instagram/status").catch(() => ({}));
const left = status.plan?.connections_left;
const selector = component("buzon-account-selector", token, { state, max: left === null || left === undefined ? undefined : String(Math.max(1, left)) });

selector.addEventListener("buzon-selected", () => {
  sessionStorage.removeItem(SELECTION_KEY);
  if (window.name === POPUP_NAME) {
    const ended = { type: CHANNEL, outcome: "connected" };
    new BroadcastChannel(CHANNEL).postMessage(ended);
    window.opener?.postMessage(ended, "*");
    window.close();
  }
  location.assign("/settings/integrations?instagram=connected");
});

page(h("h1", {}, TEXTS.title), selector, h("p", {}, h("a", { href: "/settings/integrations" }, TEXTS.back)));
