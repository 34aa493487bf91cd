// @ts-check
/** `<buzon-connect-card>`: connects Instagram, shows what is connected, disconnects. */

import { ApiError } from "./api.js";
import { connectionRow } from "./connection-row.js";
import { h, icon, ICONS, safeUrl } from "./dom.js";
import { BuzonElement } from "./element.js";
import { CHANNEL, POPUP_NAME, POPUP_QUERY, unfinishedChoice } from "./round-trip.js";
import { meaning } from "./text.js";

const BASE = "/api/integrations/meta/instagram";

/** While the login's window is open: it may lose its opener at Meta, so the status is asked for as well. */
const WATCH_MS = 1500;

/** How often a card without a network tries again. */
const RETRY_MS = 3000;

/** @typedef {import("./connection-row.js").Connection} Connection */
/** @typedef {{ name: string, connections_left: number | null, required: string | null }} Plan */
/** @typedef {{ connections: Connection[], can_manage?: boolean, can_connect?: boolean, plan?: Plan | null }} Status */

export class BuzonConnectCard extends BuzonElement {
  static observedAttributes = [...BuzonElement.observedAttributes, "outcome", "upgrade-url"];

  constructor() {
    super();
    /** @type {Status | undefined} */
    this.status = undefined;
    /** @type {{ tone: string, title: string, text?: string } | undefined} */
    this.message = undefined;
    this.offline = false;
    /** @type {"window" | "page" | undefined} where Meta's login is open, or about to be */
    this.connecting = undefined;
    /** @type {string | undefined} the account whose "Disconnect" waits for a yes */
    this.confirming = undefined;
    this.busy = false;
    this.top = h("header");
    this.region = h("div", { role: "status" });
    this.content = h("div");
    this.help = h("details");
    this.root.append(h("section", { class: "card", "aria-labelledby": "title" }, this.top, this.region, this.content, this.help));
  }

  start() {
    const outcome = this.getAttribute("outcome");
    if (outcome) this.#tellOutcome(outcome);
    this.render();
    void this.refresh();
    const { signal } = this.alive;
    const channel = new BroadcastChannel(CHANNEL);
    channel.addEventListener("message", ({ data }) => this.#ended(data));
    signal.addEventListener("abort", () => channel.close());
    window.addEventListener("message", (event) => this.#heard(event), { signal });
    window.addEventListener("focus", () => void this.refresh(), { signal });
    window.addEventListener("online", () => void this.refresh(), { signal });
    void this.repeat(RETRY_MS, async () => void (this.offline && (await this.refresh())));
    // "Back" from Meta's page shows this one as it was left.
    window.addEventListener("pageshow", ({ persisted }) => persisted && this.#giveUp(), { signal });
  }

  /** Reads what is connected. */
  async refresh() {
    try {
      this.status = await this.api.get(`${BASE}/status`, this.alive.signal);
      if (this.offline) this.message = undefined;
      this.offline = false;
      this.tell("status", this.status);
    } catch (error) {
      this.#failed(error);
    }
    this.render();
  }

  /**
   * Goes to Meta's login.
   * @param {"instagram" | "facebook"} [login]
   * @param {string} [account] the one that is connected again, which takes no further place in the plan
   */
  async connect(login, account) {
    // Opened before anything is waited for, or the browser would block it.
    const popup = this.getAttribute("mode") === "popup" ? window.open("", POPUP_NAME, "popup,width=520,height=760") : null;
    this.connecting = popup ? "window" : "page";
    this.message = undefined;
    this.render();
    try {
      const { authUrl } = await this.api.change("POST", `${BASE}/start`, { login, return_to: this.#returnTo(popup !== null), ig_user_id: account });
      if (popup) {
        popup.location.href = authUrl;
        void this.#watch(popup);
      } else {
        location.assign(authUrl);
      }
    } catch (error) {
      popup?.close();
      this.connecting = undefined;
      this.#failed(error);
      this.render();
    }
  }

  /** @param {string} account */
  async disconnect(account) {
    this.busy = true;
    this.render();
    try {
      await this.api.change("POST", `${BASE}/disconnect`, { ig_user_id: account });
      this.message = undefined;
      this.tell("disconnected", { ig_user_id: account });
    } catch (error) {
      this.#failed(error);
    }
    this.confirming = undefined;
    this.busy = false;
    await this.refresh();
  }

  /** @param {boolean} popup */
  #returnTo(popup) {
    const path = this.getAttribute("return-to") ?? undefined;
    if (!popup) return path;
    const page = path ?? "/settings/integrations";
    return `${page}${page.includes("?") ? "&" : "?"}${POPUP_QUERY}=1`;
  }

  /** @param {Window} popup */
  async #watch(popup) {
    const before = JSON.stringify(this.status?.connections);
    while (this.connecting && !this.alive.signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, WATCH_MS));
      await this.refresh();
      if (popup.closed || JSON.stringify(this.status?.connections) !== before) this.#giveUp();
    }
  }

  /** @param {MessageEvent} event */
  #heard(event) {
    const home = new URL(this.api.base, location.href).origin;
    if (event.origin === home && event.data?.type === CHANNEL) this.#ended(event.data);
  }

  /** @param {{ outcome: string }} data */
  #ended({ outcome }) {
    this.connecting = undefined;
    this.#tellOutcome(outcome);
    void this.refresh();
  }

  #giveUp() {
    this.connecting = undefined;
    void this.refresh();
  }

  /** @param {string} outcome */
  #tellOutcome(outcome) {
    const { title, text } = meaning(this.t, `outcome.${outcome}`, { title: this.t("outcome.other"), text: this.t("outcome.other.text") });
    this.message = { tone: outcome === "connected" ? "good" : outcome === "cancelled" ? "" : "bad", title, text };
  }

  /** @param {unknown} error */
  #failed(error) {
    if (error instanceof DOMException && error.name === "AbortError") return;
    if (!(error instanceof ApiError)) throw error;
    this.offline = error.offline;
    this.message = { tone: error.offline ? "warn" : "bad", ...error.explain(this.t) };
  }

  render() {
    this.draw(this.top, h("span", { class: "mark" }, icon(ICONS.instagram)), h("h2", { id: "title" }, this.t("card.title")));
    this.say(this.region, this.message);
    this.draw(this.content, this.status ? this.#body(this.status.connections) : this.#skeleton());
    this.draw(this.help, h("summary", {}, this.t("card.help")), h("p", { class: "muted" }, this.t("card.help.text")));
  }

  #skeleton() {
    if (this.message) return h("div", { class: "actions" }, h("button", { class: "button quiet small", type: "button", onclick: () => void this.refresh() }, this.t("card.retry")));
    return h("div", { class: "accounts", "aria-busy": "true" }, h("div", { class: "skeleton" }), h("div", { class: "skeleton short" }));
  }

  /** Beside the button that needs the plan; leads to where the page says plans are changed. */
  #planBadge() {
    const plan = this.#full() && this.#mayManage() && this.status?.plan?.required;
    if (!plan) return null;
    const href = safeUrl(this.getAttribute("upgrade-url"), document.baseURI);
    return h(href ? "a" : "span", { class: "badge warn", href }, icon(ICONS.lock), this.t("card.plan", { plan }));
  }

  /** @param {Connection[]} connections */
  #body(connections) {
    const live = connections.filter(({ status }) => status !== "revoked");
    const gone = live.length === 0 ? connections : [];
    const around = {
      t: this.t,
      language: this.language,
      busy: this.busy,
      connecting: this.connecting !== undefined,
      allowed: this.#mayManage(),
      confirming: this.confirming,
      connect: (/** @type {Connection["login"]} */ login, /** @type {string} */ account) => void this.connect(login, account),
      ask: (/** @type {string} */ account) => this.#ask(account),
      cancel: () => this.#cancel(),
      disconnect: (/** @type {string} */ account) => void this.disconnect(account),
    };
    return h(
      "div",
      { class: "accounts" },
      this.#choose(),
      ...gone.map(({ ig_username: username }) =>
        h("div", { class: "notice", "data-status": "revoked" }, icon(ICONS.link), h("p", {}, `${this.t("card.revoked", { username })} `, h("span", { class: "muted" }, this.t("card.kept")))),
      ),
      live.length > 0 && h("ul", { class: "accounts" }, ...live.map((connection) => connectionRow(connection, around))),
      live.length === 0 && h("p", {}, this.t("card.intro")),
      this.#invitation(live.length > 0),
    );
  }

  /** @param {boolean} another whether something is connected already */
  #invitation(another) {
    const why = this.#whyLocked();
    const under = this.connecting ? this.t(this.connecting === "window" ? "card.connecting" : "card.going") : (why ?? (another ? undefined : this.t("card.under")));
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
            disabled: this.#locked(),
            title: why,
            "aria-describedby": under && "under",
            "aria-busy": this.connecting ? "true" : undefined,
            onclick: () => void this.connect(),
          },
          icon(ICONS.instagram),
          this.t(another ? "card.add" : "card.connect"),
        ),
        this.#planBadge(),
        this.connecting === "window" && h("button", { class: "link", type: "button", "data-focus": "give-up", onclick: () => this.#giveUp() }, this.t("card.confirm.no")),
      ),
      under && h("p", { class: "muted", id: "under" }, under),
      !this.#locked() &&
        h("p", {}, h("button", { class: "link small", type: "button", "data-focus": "facebook", onclick: () => void this.connect("facebook") }, this.t("card.facebook"))),
    );
  }

  /** Whether the plan has no room for one more account. */
  #full() {
    const plan = this.status?.plan;
    return Boolean(plan && (plan.required || plan.connections_left === 0));
  }

  #locked() {
    return this.connecting !== undefined || this.#whyLocked() !== undefined;
  }

  #whyLocked() {
    const { plan, connections = [], can_connect: allowed } = this.status ?? {};
    if (!this.#mayManage()) return this.t("card.role");
    if (plan && this.#full()) {
      const more = connections.some(({ status }) => status !== "revoked");
      return plan.required ? this.t(more ? "card.plan.more" : "card.plan.tip", { plan: plan.required }) : this.t("card.limit", { plan: plan.name });
    }
    return allowed === false ? this.t("card.role") : undefined;
  }

  #mayManage() {
    return this.status?.can_manage !== false;
  }

  #choose() {
    const path = unfinishedChoice();
    if (!path) return null;
    return h(
      "div",
      { class: "notice warn" },
      icon(ICONS.clock),
      h("div", { class: "accounts" }, h("p", {}, this.t("card.choose")), h("p", {}, h("a", { class: "button small", href: path }, this.t("card.choose.go")))),
    );
  }

  /** @param {string} account */
  #ask(account) {
    this.confirming = account;
    this.message = undefined;
    this.render();
    this.focusOn("yes");
  }

  #cancel() {
    const account = this.confirming;
    this.confirming = undefined;
    this.render();
    this.focusOn(`disconnect-${account}`);
  }
}
