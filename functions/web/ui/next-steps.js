// @ts-check
/** Where to go once an account is connected. */

import { h } from "./dom.js";
import { phone } from "./session.js";
import { language } from "./shell.js";

const TEXTS = {
  es: { title: "Lo siguiente", text: "Los mensajes nuevos llegan a tu inbox.", inbox: "Abrir el inbox", phone: "Escríbete desde el teléfono" },
  en: { title: "What is next", text: "New messages arrive in your inbox.", inbox: "Open the inbox", phone: "Write to yourself from the phone" },
}[language];

/**
 * A panel that shows itself while something is connected.
 * @param {HTMLElement[]} cards
 */
export function nextSteps(cards) {
  /** @type {Set<HTMLElement>} */
  const connected = new Set();
  const panel = h(
    "section",
    { class: "panel next", hidden: true, "aria-labelledby": "next" },
    h("div", {}, h("h2", { id: "next" }, TEXTS.title), h("p", { class: "muted" }, TEXTS.text)),
    h(
      "div",
      { class: "go" },
      h("a", { class: "primary", href: "/inbox" }, TEXTS.inbox),
      phone && h("a", { class: "secondary", href: phone, target: "_blank", rel: "noopener" }, TEXTS.phone),
    ),
  );
  for (const card of cards) {
    card.addEventListener("buzon-status", (event) => {
      if (/** @type {CustomEvent} */ (event).detail.connected) connected.add(card);
      else connected.delete(card);
      panel.hidden = connected.size === 0;
    });
  }
  return panel;
}
