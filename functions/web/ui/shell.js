// @ts-check
/** What every page has around its content: the bar with the places and the person. */

import { h, safeUrl } from "./dom.js";
import { setting } from "./issuer.js";
import { brand, claim, person, phone, signIn, signOut, tenant } from "./session.js";

const language = document.documentElement.lang.startsWith("en") ? "en" : "es";

const TEXTS = {
  es: { home: "Inicio", inbox: "Inbox", integrations: "Integraciones", out: "Salir", in: "Entrar", skip: "Ir al contenido", phone: "Teléfono simulado" },
  en: { home: "Home", inbox: "Inbox", integrations: "Integrations", out: "Sign out", in: "Sign in", skip: "Skip to content", phone: "Simulated phone" },
}[language];

/**
 * Shows a page.
 * @param {...import("./dom.js").Child} children
 */
export function page(...children) {
  const who = person();
  const link = (/** @type {string} */ href, /** @type {string} */ text) =>
    h("a", { href, "aria-current": location.pathname === href ? "page" : undefined }, text);
  const bar = h(
    "header",
    { class: "bar" },
    h("a", { class: "skip", href: "#main" }, TEXTS.skip),
    h("a", { class: "brand", href: "/" }, brand),
    h(
      "nav",
      { "aria-label": brand },
      link("/inbox", TEXTS.inbox),
      link("/settings/integrations", TEXTS.integrations),
      phone && h("a", { class: "phone", href: phone, target: "_blank", rel: "noopener" }, `${TEXTS.phone} ↗`),
    ),
    who
      ? h("span", { class: "who" }, pictureOf(who), h("span", { class: "name" }, nameOf(who)), h("button", { type: "button", onclick: signOut }, TEXTS.out))
      : h("button", { type: "button", onclick: () => void signIn() }, TEXTS.in),
  );
  document.querySelector("header.bar")?.remove();
  document.body.prepend(bar);
  document.querySelector("main")?.replaceChildren(.../** @type {Node[]} */ (children.filter(Boolean)));
}

/**
 * A person as claims describe them.
 * @param {Record<string, any>} claims
 */
export function nameOf(claims) {
  const name = claim(claims, setting("name-claim")) ?? claims.email ?? claims.sub;
  return [name, claims.tenant_name].filter(Boolean).join(" · ");
}

/** @param {Record<string, any>} claims */
function pictureOf(claims) {
  const src = safeUrl(claim(claims, setting("picture-claim")));
  const image = h("img", { src: src ?? "", alt: "", width: "32", height: "32", referrerpolicy: "no-referrer" });
  image.addEventListener("error", () => image.remove(), { once: true });
  return src && image;
}

/**
 * Makes a component that speaks for the signed-in person.
 * @param {string} name
 * @param {import("./api.js").TokenSource} token
 * @param {Record<string, string | undefined>} [attributes]
 */
export function component(name, token, attributes = {}) {
  const element = /** @type {import("./element.js").BuzonElement} */ (document.createElement(name));
  element.token = token;
  element.setAttribute("brand", brand);
  element.setAttribute("locale", language);
  element.setAttribute("tenant", tenant() ?? "");
  for (const [attribute, value] of Object.entries(attributes)) if (value) element.setAttribute(attribute, value);
  return element;
}

export { language };
