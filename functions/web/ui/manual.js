// @ts-check
/** The manual connection form: for whom the server says so, which are administrators and tenants with `integration_debug`. */

import { Api, ApiError } from "./api.js";
import { h } from "./dom.js";
import { brand, token } from "./session.js";
import { language } from "./shell.js";
import { translator } from "./text.js";

const TEXTS = {
  es: {
    title: "Conexión manual",
    lead: "Para soporte y pruebas: con el id de la cuenta y un token de Meta. Lo normal es el botón de arriba.",
    account: "Id de la cuenta de Instagram", login: "Inicio de sesión", page: "Id de la página (solo Facebook Login)", token: "Token de acceso",
    go: "Conectar a mano", done: "Conectada: @",
  },
  en: {
    title: "Manual connection",
    lead: "For support and trials: with the account's id and a token of Meta's. The usual way is the button above.",
    account: "Id of the Instagram account", login: "Login", page: "Id of the Page (Facebook Login only)", token: "Access token",
    go: "Connect by hand", done: "Connected: @",
  },
}[language];

const t = translator(language, brand);

/**
 * @param {string} name
 * @param {string} label
 * @param {Record<string, unknown>} [attributes]
 */
function field(name, label, attributes = {}) {
  return h("label", { class: "field" }, label, h("input", { name, autocomplete: "off", spellcheck: "false", ...attributes }));
}

/**
 * Puts the form, folded, below the cards as soon as one of them knows that the person may use it.
 * @param {HTMLElement[]} cards
 */
export function offerManualConnection(cards) {
  /** @type {HTMLElement | undefined} */
  let panel;
  for (const card of cards) {
    card.addEventListener("buzon-status", (event) => {
      if (panel || !(/** @type {CustomEvent} */ (event).detail.can_connect_by_hand)) return;
      panel = manualConnection(cards);
      card.parentElement?.append(panel);
    });
  }
}

/** @param {HTMLElement[]} cards to refresh */
function manualConnection(cards) {
  const said = h("p", { role: "status" });
  const button = h("button", { class: "secondary", type: "submit" }, TEXTS.go);
  const form = h(
    "form",
    { class: "manual" },
    h("p", { class: "muted" }, TEXTS.lead),
    field("ig_user_id", TEXTS.account, { required: true, inputmode: "numeric", pattern: "[0-9]+" }),
    h(
      "label",
      { class: "field" },
      TEXTS.login,
      h("select", { name: "login" }, h("option", { value: "instagram" }, "Instagram Login"), h("option", { value: "facebook" }, "Facebook Login")),
    ),
    field("page_id", TEXTS.page, { inputmode: "numeric", pattern: "[0-9]*" }),
    field("token", TEXTS.token, { type: "password", required: true }),
    h("div", {}, button),
    said,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    said.textContent = await connect(form);
    button.disabled = false;
    await Promise.all(cards.map((card) => /** @type {import("./connect-card.js").BuzonConnectCard} */ (card).refresh()));
  });
  return h("details", { class: "panel" }, h("summary", {}, TEXTS.title), form);
}

/**
 * @param {HTMLFormElement} form
 * @returns {Promise<string>} what came of it
 */
async function connect(form) {
  const entries = [...new FormData(form)].filter(([, value]) => value !== "");
  try {
    const connection = await new Api(location.origin, token).change("POST", "/api/admin/connections", Object.fromEntries(entries));
    form.reset();
    return TEXTS.done + connection.ig_username;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { title, text } = error.explain(t);
    return [title, text].filter(Boolean).join(" ");
  }
}
