// @ts-check
/** `/settings/integrations`: the card, and the end of a round trip to Meta. */

import "./buzon.js";
import { h } from "./dom.js";
import { offerManualConnection } from "./manual.js";
import { nextSteps } from "./next-steps.js";
import { endAtHost, endPopup, forgetChoice, inPopup, outcomeIn } from "./round-trip.js";
import { token } from "./session.js";
import { component, language, page } from "./shell.js";

const TEXTS = {
  es: { title: "Integraciones", lead: "Los canales por los que te escriben tus clientes.", close: "Ya puedes cerrar esta ventana." },
  en: { title: "Integrations", lead: "The channels through which your customers write to you.", close: "You can close this window now." },
}[language];

const outcome = outcomeIn(new URLSearchParams(location.search));
const popup = inPopup();

if (outcome) {
  forgetChoice();
  // The address is left clean, so that a reload does not tell the outcome again.
  history.replaceState(null, "", location.pathname);
}

if (outcome && endAtHost(outcome)) {
  // A login whose request is not known any more ends here, wherever it began.
  page(h("p", { class: "lead" }, TEXTS.close));
} else if (outcome && popup) {
  endPopup(outcome);
  page(h("p", { class: "lead" }, TEXTS.close));
} else {
  const card = component("buzon-connect-card", token, { outcome, "return-to": location.pathname });
  offerManualConnection(card);
  page(h("h1", {}, TEXTS.title), h("p", { class: "lead" }, TEXTS.lead), card, nextSteps(card));
}
