// @ts-check
/** `/settings/integrations`: a card for each channel, and the end of a round trip to Meta. */

import "./buzon.js";
import { CHANNELS } from "./channel.js";
import { h } from "./dom.js";
import { offerManualConnection } from "./manual.js";
import { nextSteps } from "./next-steps.js";
import { endAtHost, endIn, endPopup, forgetChoice, inPopup } from "./round-trip.js";
import { token } from "./session.js";
import { component, language, page } from "./shell.js";

const TEXTS = {
  es: { title: "Integraciones", lead: "Los canales por los que te escriben tus clientes.", close: "Ya puedes cerrar esta ventana." },
  en: { title: "Integrations", lead: "The channels through which your customers write to you.", close: "You can close this window now." },
}[language];

const end = endIn(new URLSearchParams(location.search));
const popup = inPopup();

if (end) {
  forgetChoice();
  // The address is left clean, so that a reload does not tell the outcome again.
  history.replaceState(null, "", location.pathname);
}

if (end && endAtHost(end)) {
  // A login whose request is not known any more ends here, wherever it began.
  page(h("p", { class: "lead" }, TEXTS.close));
} else if (end && popup) {
  endPopup(end);
  page(h("p", { class: "lead" }, TEXTS.close));
} else {
  const cards = CHANNELS.map((channel) => {
    const outcome = end?.channel === channel ? end.outcome : undefined;
    return component("buzon-connect-card", token, { channel, outcome, "return-to": location.pathname });
  });
  page(h("h1", {}, TEXTS.title), h("p", { class: "lead" }, TEXTS.lead), ...cards, nextSteps(cards));
  // What came of the login may stand below what fits on a phone, the more so once the cards above are drawn.
  const told = end && cards[CHANNELS.indexOf(end.channel)];
  const show = () => requestAnimationFrame(() => told?.scrollIntoView({ block: "nearest" }));
  for (const card of cards) card.addEventListener("buzon-status", show, { once: true });
  offerManualConnection(cards);
}
