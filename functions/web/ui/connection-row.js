// @ts-check
/** One connected account in the card: what it can do, what it needs, and its way out. */

import { factsOf } from "./channel.js";
import { h, icon, ICONS, safeUrl } from "./dom.js";
import { either } from "./text.js";
import { longDate } from "./time.js";

/** @typedef {import("./channel.js").Channel} Channel */

/**
 * @typedef {object} Connection
 * @property {string} [ig_user_id]
 * @property {string} [ig_username]
 * @property {"instagram" | "facebook"} login
 * @property {string | null} page_id
 * @property {string | null} page_name
 * @property {string | null} picture_url
 * @property {"active" | "pending" | "error" | "paused" | "revoked"} status
 * @property {{ reason: string } | null} error
 * @property {{ reason: string, until: string } | null} [notice]
 * @property {{ reason: string, since: string } | null} [profiles_refused]
 * @property {{ action: "warning" | "block", reason: string | null, since: string } | null} [enforcement]
 */

/**
 * @typedef {object} Surroundings
 * @property {Channel} channel
 * @property {import("./text.js").Translate} t
 * @property {string} language
 * @property {boolean} inPlan whether the plan has the channel
 * @property {boolean} busy
 * @property {boolean} connecting
 * @property {boolean} allowed whether the person's role lets them change connections
 * @property {string | undefined} confirming the account whose "Disconnect" waits for a yes
 * @property {(login: Connection["login"], account: string) => void} connect
 * @property {(account: string) => void} ask
 * @property {() => void} cancel
 * @property {(account: string) => void} disconnect
 */

/** What the button says that makes a connection anew: an active one may need other permissions. */
const MEND = { error: "card.reconnect", pending: "card.retry", active: "card.reconnect", paused: undefined, revoked: undefined };

/**
 * @param {Connection} connection
 * @param {Surroundings} around
 */
export function connectionRow(connection, around) {
  const { t } = around;
  const { idField, nameOf } = factsOf(around.channel);
  const { status } = connection;
  const [id, account] = [connection[idField] ?? "", nameOf(connection)];
  const mend = MEND[status];
  const quiet = status === "active" && !connection.notice;
  return h(
    "li",
    { class: "account", "data-status": status },
    h(
      "div",
      { class: "line" },
      portrait(connection.picture_url, account),
      h("div", { class: "who" }, h("strong", {}, headline(connection, account, t)), h("span", { class: "muted" }, explanation(connection, around))),
      h(
        "div",
        { class: "actions" },
        mend && around.allowed && h(
          "button",
          { class: quiet ? "button quiet small" : "button small", type: "button", "data-focus": `mend-${id}`, disabled: around.connecting, onclick: () => around.connect(connection.login, id) },
          t(mend),
          h("span", { class: "visually-hidden" }, ` ${account}`),
        ),
        around.allowed && h(
          "button",
          { class: "button quiet small", type: "button", "data-focus": `disconnect-${id}`, disabled: around.busy, onclick: () => around.ask(id) },
          t("card.disconnect"),
          h("span", { class: "visually-hidden" }, ` ${account}`),
        ),
      ),
    ),
    notice(connection, around),
    nameless(connection, around),
    blamed(connection, around),
    around.confirming === id && confirmation(id, account, around),
  );
}

/**
 * The account's picture, or the first letter of its name where Meta's link is missing or has expired.
 * @param {string | null | undefined} address
 * @param {string} name
 */
export function portrait(address, name) {
  const letter = [...name.replace(/^@/, "")][0]?.toUpperCase() ?? "?";
  const url = safeUrl(address);
  if (!url) return h("span", { class: "avatar", "aria-hidden": "true" }, letter);
  const image = h("img", { src: url, alt: "", referrerpolicy: "no-referrer" });
  image.addEventListener("error", () => image.replaceWith(letter), { once: true });
  return h("span", { class: "avatar", "aria-hidden": "true" }, image);
}

/**
 * @param {Connection} connection
 * @param {string} account
 * @param {Surroundings["t"]} t
 */
function headline({ status, ig_username: username = "" }, account, t) {
  return t(status === "active" ? "card.connected" : `card.${status}`, { account, username });
}

/**
 * @param {Connection} connection
 * @param {Surroundings} around
 */
function explanation({ status, error, page_name: page }, { t, inPlan }) {
  if (status === "error") return either(t, `reason.${error?.reason}`, "reason.other");
  if (status === "paused" && !inPlan) return t("card.without");
  if (status === "pending" || status === "paused") return t(`card.${status}.text`);
  return status === "active" ? t("card.can") : (page ?? "");
}

/**
 * @param {Connection} connection
 * @param {Surroundings} around
 */
function notice({ notice: said, status }, { t, language }) {
  if (!said || (status !== "active" && status !== "pending")) return null;
  const key = t(`notice.${said.reason}`) === `notice.${said.reason}` ? "notice.other" : `notice.${said.reason}`;
  return h("div", { class: "notice warn" }, icon(ICONS.clock), h("p", {}, t(key, { date: longDate(said.until, language) })));
}

/**
 * Why contacts have no names and pictures, although the connection works.
 * @param {Connection} connection
 * @param {Surroundings} around
 */
function nameless({ profiles_refused: refused, status }, { t }) {
  if (!refused || status !== "active") return null;
  return h("div", { class: "notice warn" }, icon(ICONS.clock), h("p", {}, either(t, `profiles.${refused.reason}`, "profiles.other")));
}

/**
 * What Meta has said about the account's conduct, until it says something else.
 * @param {Connection} connection
 * @param {Surroundings} around
 */
function blamed({ enforcement: said }, { t, language }) {
  if (!said) return null;
  const text = t(`enforcement.${said.action}`, { date: longDate(said.since, language) });
  const reason = said.reason && t("enforcement.reason", { reason: said.reason });
  return h("div", { class: said.action === "block" ? "notice bad" : "notice warn" }, icon(ICONS.alert), h("p", {}, [text, reason].filter(Boolean).join(" ")));
}

/**
 * @param {string} id
 * @param {string} account
 * @param {Surroundings} around
 */
function confirmation(id, account, { t, busy, cancel, disconnect }) {
  return h(
    "div",
    { class: "notice bad", role: "group", "aria-labelledby": "ask", onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === "Escape" && cancel() },
    h(
      "div",
      { class: "accounts" },
      h("p", { id: "ask" }, t("card.confirm", { account })),
      h(
        "div",
        { class: "actions" },
        h(
          "button",
          { class: "button danger small", type: "button", "data-focus": "yes", "aria-describedby": "ask", disabled: busy, "aria-busy": busy ? "true" : undefined, onclick: () => disconnect(id) },
          t("card.confirm.yes"),
        ),
        h("button", { class: "button quiet small", type: "button", disabled: busy, onclick: cancel }, t("card.confirm.no")),
      ),
    ),
  );
}
