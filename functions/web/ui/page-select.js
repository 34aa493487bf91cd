// @ts-check
/** `/settings/integrations/instagram/select?state=…`: the choice among several accounts. */

import "./buzon.js";
import { Api } from "./api.js";
import { h } from "./dom.js";
import { endPopup, forgetChoice, inPopup, rememberChoice } from "./round-trip.js";
import { token } from "./session.js";
import { component, language, page } from "./shell.js";

const TEXTS = {
  es: { title: "Conecta Instagram", back: "Volver a Integraciones" },
  en: { title: "Connect Instagram", back: "Back to Integrations" },
}[language];

const state = new URLSearchParams(location.search).get("state") ?? "";
rememberChoice();

const status = await new Api(location.origin, token).get("/api/integrations/meta/instagram/status").catch(() => ({}));
const left = status.plan?.connections_left;
const max = left === null || left === undefined ? undefined : String(Math.max(1, left));
// Without a state there is nothing to choose from, which the API says best.
const selector = component("buzon-account-selector", token, { state: state || "none", max });

selector.addEventListener("buzon-selected", () => {
  forgetChoice();
  if (inPopup()) endPopup("connected");
  location.assign("/settings/integrations?instagram=connected");
});

page(h("h1", {}, TEXTS.title), selector, h("p", {}, h("a", { href: "/settings/integrations" }, TEXTS.back)));
