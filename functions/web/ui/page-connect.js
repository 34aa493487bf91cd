// @ts-check
/**
 * `/connect`: the first-party step of a login that a card on another site begins. It starts the login at the top of a window of this
 * site, where the cookie that binds the login to this browser is kept, and it sends the person back when the login has ended. The card
 * has posted the person's token; the person sees this page for a moment only.
 */

import { Api, ApiError } from "./api.js";
import { channelNamed, factsOf, integration, textsOf } from "./channel.js";
import { h } from "./dom.js";
import { setting } from "./issuer.js";
import { endAtHost, endIn, rememberHost } from "./round-trip.js";
import { language } from "./shell.js";
import { translator } from "./text.js";

const TEXTS = {
  es: {
    going: "Te llevamos a Meta…",
    back: "Volver",
    ended: "Ya puedes cerrar esta ventana.",
    nothing: "Aquí no hay nada que conectar. Empieza en la página de tu producto.",
    origin: "La página de la que vienes no tiene permiso para conectar cuentas aquí.",
    origin_text: "Avisa a quien la mantiene.",
    form: "La página de la que vienes no dijo qué conectar.",
    form_text: "Avisa a quien la mantiene.",
  },
  en: {
    going: "Taking you to Meta…",
    back: "Back",
    ended: "You can close this window now.",
    nothing: "There is nothing to connect here. Begin on your product's page.",
    origin: "The page that you come from is not allowed to connect accounts here.",
    origin_text: "Tell whoever runs it.",
    form: "The page that you come from did not say what to connect.",
    form_text: "Tell whoever runs it.",
  },
}[language];

/** What whoever builds the page of the card is told. */
const MISTAKES = {
  origin: "a login was handed over by a page of an origin that AllowedOrigins does not name",
  form: "a login was handed over without a token, or with a page to return to that is of another origin",
};

/** @param {...import("./dom.js").Child} children */
function show(...children) {
  document.querySelector("main")?.replaceChildren(h("section", { class: "panel", role: "status" }, .../** @type {Node[]} */ (children.filter(Boolean))));
}

/** @param {{ token: string, channel: import("./channel.js").Channel, login: string, account: string, back: string, popup: boolean }} handover */
async function start({ token, channel, login, account, back, popup }) {
  show(h("p", {}, TEXTS.going));
  try {
    const asked = { login: login || undefined, [factsOf(channel).idField]: account || undefined, return_to: location.pathname };
    const { authUrl } = await new Api(location.origin, () => token).change("POST", `${integration(channel)}/start`, asked);
    rememberHost(back, popup);
    location.replace(authUrl);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { title, text } = error.explain(textsOf(translator(language, setting("brand")), channel));
    const leave = popup
      ? h("button", { class: "primary", type: "button", onclick: () => window.close() }, TEXTS.back)
      : h("a", { class: "primary", href: back }, TEXTS.back);
    show(h("h1", {}, title), text && h("p", {}, text), leave);
  }
}

const refused = /** @type {"" | "origin" | "form"} */ (setting("refused"));
const token = setting("token");
const end = endIn(new URLSearchParams(location.search));

if (refused) {
  console.error(`Buzón: ${MISTAKES[refused]}`);
  show(h("h1", {}, TEXTS[refused]), h("p", {}, TEXTS[`${refused}_text`]));
} else if (token) {
  // Pages that were built before there was another channel name none.
  const channel = channelNamed(setting("channel")) ?? "instagram";
  await start({ token, channel, login: setting("login"), account: setting("account"), back: setting("back"), popup: setting("mode") === "popup" });
} else if (end && endAtHost(end)) {
  show(h("p", {}, TEXTS.ended));
} else {
  show(h("p", {}, TEXTS.nothing));
}
