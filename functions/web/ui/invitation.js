// @ts-check
/** The part of the card that invites to connect: an account, or another one, or why not. */

import { factsOf } from "./channel.js";
import { h, icon, ICONS, safeUrl } from "./dom.js";

/** @typedef {import("./connect-card.js").Status} Status */

/**
 * @typedef {object} Surroundings
 * @property {import("./channel.js").Channel} channel
 * @property {import("./text.js").Translate} t
 * @property {boolean} another whether something is connected already
 * @property {"window" | "page" | undefined} connecting where Meta's login is open
 * @property {boolean} blocked whether the browser has not opened its window
 * @property {string | null} upgrade where plans are changed
 * @property {(login?: "instagram" | "facebook") => void} connect
 * @property {() => void} here goes on in this window
 * @property {() => void} giveUp
 */

/**
 * @param {Status | undefined} status
 * @param {Surroundings} around
 */
export function invitation(status, around) {
  const { t, another, connecting, connect } = around;
  const { icon: mark, hasSecondLogin } = factsOf(around.channel);
  const why = whyLocked(status, t);
  const locked = connecting !== undefined || why !== undefined;
  const under = connecting ? t(connecting === "window" ? "card.connecting" : "card.going") : (why ?? (another ? undefined : t("card.under")));
  return h(
    "div",
    { class: "accounts" },
    h(
      "div",
      { class: "actions" },
      h(
        "button",
        {
          class: another ? "button quiet" : "button",
          type: "button",
          "data-focus": "connect",
          disabled: locked,
          title: why,
          "aria-describedby": under && "under",
          "aria-busy": connecting ? "true" : undefined,
          onclick: () => connect(),
        },
        icon(mark),
        t(another ? "card.add" : "card.connect"),
      ),
      planBadge(status, around),
      connecting === "window" && h("button", { class: "link", type: "button", "data-focus": "give-up", onclick: around.giveUp }, t("card.confirm.no")),
    ),
    under && h("p", { class: "muted", id: "under" }, under),
    around.blocked && blockedNotice(around),
    !locked && hasSecondLogin && h("p", {}, h("button", { class: "link small", type: "button", "data-focus": "facebook", onclick: () => connect("facebook") }, t("card.facebook"))),
  );
}

/**
 * Whether the person's role lets them change connections.
 * @param {Status | undefined} status
 */
export function mayManage(status) {
  return status?.can_manage !== false;
}

/**
 * Whether the plan has no room for one more account.
 * @param {Status | undefined} status
 */
function isFull(status) {
  const plan = status?.plan;
  return Boolean(plan && (plan.required || plan.connections_left === 0));
}

/**
 * Whether the plan has the channel at all.
 * @param {Status | undefined} status
 */
export function isInPlan(status) {
  return status?.plan?.max_connections !== 0;
}

/**
 * @param {Status | undefined} status
 * @param {Surroundings["t"]} t
 */
function whyLocked(status, t) {
  const { plan, connections = [], can_connect: allowed } = status ?? {};
  if (!mayManage(status)) return t("card.role");
  if (plan && isFull(status)) {
    const more = isInPlan(status) && connections.some((connection) => connection.status !== "revoked");
    if (plan.required) return t(more ? "card.plan.more" : "card.plan.tip", { plan: plan.required });
    return isInPlan(status) ? t("card.limit", { plan: plan.name }) : t("card.without");
  }
  return allowed === false ? t("card.role") : undefined;
}

/**
 * Beside the button that needs the plan; leads to where the page says plans are changed.
 * @param {Status | undefined} status
 * @param {Surroundings} around
 */
function planBadge(status, { t, upgrade }) {
  const plan = isFull(status) && mayManage(status) && status?.plan?.required;
  if (!plan) return null;
  const href = safeUrl(upgrade, document.baseURI);
  return h(href ? "a" : "span", { class: "badge warn", href }, icon(ICONS.lock), t("card.plan", { plan }));
}

/**
 * The browser has opened no window, and told nobody.
 * @param {Surroundings} around
 */
function blockedNotice({ t, here }) {
  const go = h("button", { class: "link", type: "button", "data-focus": "here", onclick: here }, t("card.blocked.go"));
  return h("div", { class: "notice warn", role: "alert" }, icon(ICONS.alert), h("div", {}, h("p", {}, t("card.blocked")), h("p", {}, go)));
}
