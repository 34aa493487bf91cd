// @ts-check
/** `/`: three steps to the first answer, each ticked by what is really there. */

import { Api } from "./api.js";
import { h } from "./dom.js";
import { brand, person, signIn, token } from "./session.js";
import { language, page } from "./shell.js";

const TEXTS = {
  es: {
    title: "Responde tus DMs de Instagram desde {brand}",
    lead: "Tres pasos y listo.",
    account: "Inicia sesión", account_text: "Entra con tu cuenta de {brand}.", account_go: "Iniciar sesión",
    instagram: "Conecta Instagram", instagram_text: "Un botón, y Meta hace el resto.", instagram_go: "Conectar",
    message: "Recibe tu primer mensaje", message_text: "Pide a alguien que te escriba por Instagram y respóndele.", message_go: "Abrir el inbox",
    done: "Hecho",
  },
  en: {
    title: "Answer your Instagram DMs from {brand}",
    lead: "Three steps and you are there.",
    account: "Sign in", account_text: "Use your {brand} account.", account_go: "Sign in",
    instagram: "Connect Instagram", instagram_text: "One button, and Meta does the rest.", instagram_go: "Connect",
    message: "Receive your first message", message_text: "Ask somebody to write to you on Instagram, and answer.", message_go: "Open the inbox",
    done: "Done",
  },
}[language];

const t = (/** @type {keyof typeof TEXTS} */ key) => TEXTS[key].replace("{brand}", brand);

/** What is already there. */
async function progress() {
  const who = person();
  if (!who) return { account: false, instagram: false, message: false };
  const api = new Api(location.origin, token);
  const status = await api.get("/api/integrations/meta/instagram/status").catch(() => ({ connected: false }));
  const path = `/api/tenants/${encodeURIComponent(who.tenant_id)}/conversations?limit=1`;
  const inbox = await api.get(path).catch(() => ({ conversations: [] }));
  return { account: true, instagram: Boolean(status.connected), message: inbox.conversations.length > 0 };
}

/**
 * @param {"account" | "instagram" | "message"} name
 * @param {boolean} done
 * @param {boolean} current
 * @param {import("./dom.js").Child} action
 */
function step(name, done, current, action) {
  return h(
    "li",
    { class: done ? "step done" : "step", "aria-current": current ? "step" : undefined },
    h("div", {}, h("h2", {}, t(name), done && h("span", { class: "tick" }, ` ✓ ${t("done")}`)), h("p", {}, t(/** @type {any} */ (`${name}_text`)))),
    action,
  );
}

async function draw() {
  const done = await progress();
  const next = !done.account ? "account" : !done.instagram ? "instagram" : "message";
  const link = (/** @type {string} */ href, /** @type {string} */ text, /** @type {boolean} */ main) => h("a", { class: main ? "primary" : "secondary", href }, text);
  page(
    h("h1", {}, t("title")),
    h("p", { class: "lead" }, t("lead")),
    h(
      "ol",
      { class: "steps" },
      step("account", done.account, next === "account", done.account ? null : h("button", { class: "primary", type: "button", onclick: () => void signIn() }, t("account_go"))),
      step("instagram", done.instagram, next === "instagram", done.account ? link("/settings/integrations", t("instagram_go"), next === "instagram") : null),
      step("message", done.message, next === "message", done.account ? link("/inbox", t("message_go"), next === "message") : null),
    ),
  );
  return done.account && !(done.instagram && done.message);
}

// The steps tick themselves while the person is elsewhere.
const unfinished = await draw();
if (unfinished) window.addEventListener("focus", () => void draw());
