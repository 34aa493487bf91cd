// @ts-check
/** `/auth/callback`: the way back from the issuer, and the place where a sign-in that failed is explained. */

import { h } from "./dom.js";
import { SignInError } from "./issuer.js";
import { finishSignIn, signIn } from "./session.js";
import { language, page } from "./shell.js";

/** @typedef {import("./issuer.js").Reason} Reason */

const TEXTS = {
  es: { failed: "No se pudo iniciar sesión", again: "Intentar de nuevo" },
  en: { failed: "Could not sign in", again: "Try again" },
}[language];

/** @type {Record<Reason, string>} */
const REASONS = {
  es: {
    "not-started": "Este inicio de sesión no empezó en esta pestaña, o empezó hace demasiado.",
    issuer: "El servicio de inicio de sesión no responde.",
    refused: "El servicio de inicio de sesión no te dejó entrar.",
    code: "El servicio de inicio de sesión no entregó la sesión.",
    opaque: "El servicio de inicio de sesión entregó una sesión que aquí no se puede leer.",
    token: "Entraste, pero este servicio no acepta la sesión que te dieron.",
    claims: "Entraste, pero a tu sesión le falta un dato que este servicio necesita.",
  },
  en: {
    "not-started": "This sign-in did not begin in this tab, or began too long ago.",
    issuer: "The sign-in service does not answer.",
    refused: "The sign-in service did not let you in.",
    code: "The sign-in service did not hand over the session.",
    opaque: "The sign-in service handed over a session that cannot be read here.",
    token: "You signed in, but this service does not accept the session that you were given.",
    claims: "You signed in, but your session lacks something that this service needs.",
  },
}[language];

try {
  location.replace(await finishSignIn());
} catch (error) {
  const { reason, detail } = error instanceof SignInError ? error : new SignInError("issuer", String(error));
  console.info(`Sign-in failed (${reason}): ${detail}`);
  page(
    h(
      "section",
      { class: "panel" },
      h("h1", {}, TEXTS.failed),
      h("p", {}, REASONS[reason]),
      detail && h("p", { class: "detail" }, h("code", {}, detail)),
      h("button", { class: "primary", type: "button", onclick: () => void signIn() }, TEXTS.again),
    ),
  );
}
