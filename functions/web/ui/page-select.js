// @ts-check
/** `/settings/integrations/{channel}/select?state=…`: the choice among several accounts. */

import "./buzon.js";
import { Api } from "./api.js";
import { CHANNELS, integration } from "./channel.js";
import { h } from "./dom.js";
import { endPopup, forgetChoice, inPopup, rememberChoice } from "./round-trip.js";
import { token } from "./session.js";
import { component, language, page } from "./shell.js";

const TEXTS = {
  es: { instagram: "Conecta Instagram", messenger: "Conecta Facebook", back: "Volver a Integraciones" },
  en: { instagram: "Connect Instagram", messenger: "Connect Facebook", back: "Back to Integrations" },
}[language];

const channel = CHANNELS.find((word) => location.pathname.split("/").includes(word)) ?? "instagram";
const state = new URLSearchParams(location.search).get("state") ?? "";
rememberChoice(channel);

const status = await new Api(location.origin, token).get(`${integration(channel)}/status`).catch(() => ({}));
const left = status.plan?.connections_left;
const max = left === null || left === undefined ? undefined : String(Math.max(1, left));
// Without a state there is nothing to choose from, which the API says best.
const selector = component("buzon-account-selector", token, { channel, state: state || "none", max });

selector.addEventListener("buzon-selected", () => {
  forgetChoice();
  if (inPopup()) endPopup({ channel, outcome: "connected" });
  location.assign(`/settings/integrations?${channel}=connected`);
});

page(h("h1", {}, TEXTS[channel]), selector, h("p", {}, h("a", { href: "/settings/integrations" }, TEXTS.back)));
