// @ts-check
/** The manual connection form: for whom the server says so, which are administrators and tenants with `integration_debug`. */

import { Api, ApiError } from "./api.js";
import { factsOf, textsOf } from "./channel.js";
import { h } from "./dom.js";
import { brand, token } from "./session.js";
import { language } from "./shell.js";
import { translator } from "./text.js";

const TEXTS = {
  es: {
    title: "Conexión manual",
    lead: "Para soporte y pruebas: con el id de la cuenta y un token de Meta. Lo normal son los botones de arriba.",
    way: "Qué conectar", account: "Id de la cuenta de Instagram", page: "Id de la página", optional: " (opcional)", token: "Token de acceso",
    go: "Conectar a mano", done: "Conectada: ",
  },
  en: {
    title: "Manual connection",
    lead: "For support and trials: with the account's id and a token of Meta's. The usual way are the buttons above.",
    way: "What to connect", account: "Id of the Instagram account", page: "Id of the Page", optional: " (optional)", token: "Access token",
    go: "Connect by hand", done: "Connected: ",
  },
}[language];

const t = translator(language, brand);

/** @typedef {import("./channel.js").Channel} Channel */

/**
 * What a token may be of, and which ids go with it.
 * @typedef {object} Way
 * @property {string} name
 * @property {Channel} channel
 * @property {Record<string, string>} says towards the API
 * @property {boolean} account whether an Instagram account is named
 * @property {"none" | "optional" | "required"} page
 */

/** @type {Record<string, Way>} */
const WAYS = {
  instagram: { name: "Instagram · Instagram Login", channel: "instagram", says: { login: "instagram" }, account: true, page: "none" },
  facebook: { name: "Instagram · Facebook Login", channel: "instagram", says: { login: "facebook" }, account: true, page: "optional" },
  messenger: { name: "Messenger · Facebook Login", channel: "messenger", says: { channel: "messenger" }, account: false, page: "required" },
};

/**
 * @param {string} name
 * @param {string} label
 * @param {Record<string, unknown>} [attributes]
 */
function field(name, label, attributes = {}) {
  const input = h("input", { name, autocomplete: "off", spellcheck: "false", required: true, ...attributes });
  const optional = h("span", { class: "muted", hidden: true }, TEXTS.optional);
  return { input, optional, label: h("label", { class: "field" }, h("span", {}, label, optional), input) };
}

/**
 * Shows a field, or leaves it out of the form.
 * @param {ReturnType<typeof field>} field
 * @param {Way["page"]} need
 */
function ask({ input, optional, label }, need) {
  label.hidden = input.disabled = need === "none";
  input.required = need === "required";
  optional.hidden = need !== "optional";
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
  const digits = { inputmode: "numeric", pattern: "[0-9]+" };
  const [account, page] = [field("ig_user_id", TEXTS.account, digits), field("page_id", TEXTS.page, digits)];
  const options = Object.entries(WAYS).map(([value, { name }]) => h("option", { value }, name));
  const way = h("select", { name: "way", onchange: () => follow() }, ...options);
  const follow = () => {
    const chosen = WAYS[way.value];
    ask(account, chosen.account ? "required" : "none");
    ask(page, chosen.page);
  };
  follow();
  const form = h(
    "form",
    { class: "manual" },
    h("p", { class: "muted" }, TEXTS.lead),
    h("label", { class: "field" }, TEXTS.way, way),
    account.label,
    page.label,
    field("token", TEXTS.token, { type: "password" }).label,
    h("div", {}, button),
    said,
  );
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    said.textContent = await connect(form, WAYS[way.value]);
    follow();
    button.disabled = false;
    await Promise.all(cards.map((card) => /** @type {import("./connect-card.js").BuzonConnectCard} */ (card).refresh()));
  });
  return h("details", { class: "panel" }, h("summary", {}, TEXTS.title), form);
}

/**
 * @param {HTMLFormElement} form
 * @param {Way} way
 * @returns {Promise<string>} what came of it
 */
async function connect(form, { channel, says }) {
  const entries = [...new FormData(form)].filter(([name, value]) => name !== "way" && value !== "");
  const asked = { ...says, ...Object.fromEntries(entries) };
  try {
    const connection = await new Api(location.origin, token).change("POST", "/api/admin/connections", asked);
    form.reset();
    return TEXTS.done + factsOf(channel).nameOf(connection);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { title, text } = error.explain(textsOf(t, channel));
    return [title, text].filter(Boolean).join(" ");
  }
}
