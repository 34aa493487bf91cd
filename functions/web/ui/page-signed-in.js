// @ts-check
/** `/auth/callback`: the way back from the issuer. */

import { h } from "./dom.js";
import { finishSignIn, signIn } from "./session.js";
import { language, page } from "./shell.js";

const TEXTS = {
  es: { failed: "No se pudo iniciar sesión", again: "Intentar de nuevo" },
  en: { failed: "Could not sign in", again: "Try again" },
}[language];

try {
  location.replace(await finishSignIn());
} catch {
  page(h("section", { class: "panel" }, h("h1", {}, TEXTS.failed), h("button", { class: "primary", type: "button", onclick: () => void signIn() }, TEXTS.again)));
}
