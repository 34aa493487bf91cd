// @ts-check
/** `/`: three steps to the first answer, each ticked by what is really there. */

import { Api } from "./api.js";
import { CHANNELS, factsOf } from "./channel.js";
import { h } from "./dom.js";
import { brand, person, phone, signIn, tenant, token } from "./session.js";
import { language, nameOf, page } from "./shell.js";

const TEXTS = {
  es: {
    title: "Responde tus mensajes de Instagram y Messenger desde {brand}",
    lead: "Tres pasos y listo.",
    finished: "Todo listo: tus conversaciones te esperan en el inbox.",
    account: "Inicia sesión", account_text: "Entra con tu cuenta de {brand}.", account_go: "Iniciar sesión",
    channel: "Conecta Instagram o Facebook", channel_text: "Un botón, y Meta hace el resto.", channel_go: "Conectar",
    message: "Recibe tu primer mensaje", message_text: "Pide a alguien que te escriba y respóndele.", message_go: "Abrir el inbox",
    phone: "Aquí Meta es simulada: escríbete desde el teléfono simulado.", phone_go: "Abrir el teléfono",
    channel_see: "Ver conexión", done: "Hecho", wrote: (/** @type {string} */ name) => `${name} te escribió.`,
  },
  en: {
    title: "Answer your Instagram and Messenger messages from {brand}",
    lead: "Three steps and you are there.",
    finished: "All set: your conversations are waiting in the inbox.",
    account: "Sign in", account_text: "Use your {brand} account.", account_go: "Sign in",
    channel: "Connect Instagram or Facebook", channel_text: "One button, and Meta does the rest.", channel_go: "Connect",
    message: "Receive your first message", message_text: "Ask somebody to write to you, and answer.", message_go: "Open the inbox",
    phone: "Meta is simulated here: write to yourself from the simulated phone.", phone_go: "Open the phone",
    channel_see: "See connection", done: "Done", wrote: (/** @type {string} */ name) => `${name} wrote to you.`,
  },
}[language];

/** The steps tick themselves while the person is elsewhere. */
const LOOK_MS = 3000;

/** @typedef {Exclude<keyof typeof TEXTS, "wrote">} Text */
/** @typedef {"account" | "channel" | "message"} Step */
/** @typedef {Partial<Record<Step, string>>} Progress what says of each step that it is done */

const t = (/** @type {Text} */ key) => TEXTS[key].replace("{brand}", brand);

const api = new Api(location.origin, token);

/** @returns {Promise<Progress>} what is already there */
async function progress() {
  const who = person();
  if (!who) return {};
  const newest = `/api/tenants/${encodeURIComponent(tenant())}/conversations?limit=1`;
  const [status, inbox] = await Promise.all([
    api.get("/api/integrations/status").catch(() => ({})),
    api.get(newest).catch(() => ({ conversations: [] })),
  ]);
  const connected = CHANNELS.filter((channel) => status[channel]?.connected);
  const [conversation] = inbox.conversations;
  return {
    account: nameOf(who),
    channel: connected.map((channel) => factsOf(channel).nameOf(status[channel])).join(" · ") || undefined,
    message: conversation && TEXTS.wrote(conversation.contact.display_name),
  };
}

/**
 * @param {Step} name
 * @param {string | undefined} done what says so
 * @param {boolean} current
 * @param {import("./dom.js").Child[]} actions
 */
function step(name, done, current, ...actions) {
  const text = name === "message" && current && phone ? "phone" : /** @type {Text} */ (`${name}_text`);
  return h(
    "li",
    { class: done ? "step done" : "step", "aria-current": current ? "step" : undefined },
    h("div", {}, h("h2", {}, t(name), done && h("span", { class: "tick" }, ` ${t("done")}`)), h("p", {}, done ?? t(text))),
    h("div", { class: "go" }, ...actions),
  );
}

/**
 * @param {string} href
 * @param {Text} text
 * @param {boolean} main
 */
function link(href, text, main) {
  const away = href === phone ? { target: "_blank", rel: "noopener" } : {};
  return h("a", { class: main ? "primary" : "secondary", href, ...away }, t(text));
}

/**
 * @param {string} lead
 * @param {import("./dom.js").Child[]} steps
 */
function show(lead, ...steps) {
  page(h("h1", {}, t("title")), h("p", { class: "lead" }, lead), h("ol", { class: "steps" }, ...steps));
}

/**
 * @param {Progress} done
 * @returns {boolean} whether a step may tick itself
 */
function draw(done) {
  const next = !done.account ? "account" : !done.channel ? "channel" : !done.message ? "message" : undefined;
  const signInButton = h("button", { class: "primary", type: "button", onclick: () => void signIn() }, t("account_go"));
  show(
    t(next ? "lead" : "finished"),
    step("account", done.account, next === "account", done.account ? null : signInButton),
    step("channel", done.channel, next === "channel", done.account && link("/settings/integrations", done.channel ? "channel_see" : "channel_go", next === "channel")),
    step(
      "message",
      done.message,
      next === "message",
      next === "message" && phone ? link(phone, "phone_go", true) : null,
      done.account && link("/inbox", "message_go", next === undefined || (next === "message" && !phone)),
    ),
  );
  return next === "channel" || next === "message";
}

// The frame at once; what is done, as soon as it is known.
show(t("lead"), step("account", person() && nameOf(person() ?? {}), false), step("channel", undefined, false), step("message", undefined, false));
let seen = await progress();
let waiting = draw(seen);
while (waiting) {
  await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  const now = document.hidden ? seen : await progress();
  if (JSON.stringify(now) !== JSON.stringify(seen)) waiting = draw(now);
  seen = now;
}
