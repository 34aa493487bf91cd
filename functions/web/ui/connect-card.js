// @ts-check
/** `<buzon-connect-card channel="…">`: connects a channel (Instagram unless said), shows what is connected, disconnects. */

import { ApiError } from "./api.js";
import { factsOf, integration, textsOf } from "./channel.js";
import { connectionRow } from "./connection-row.js";
import { h, icon, ICONS } from "./dom.js";
import { BuzonElement } from "./element.js";
import { handOver } from "./handover.js";
import { invitation, isInPlan, mayManage } from "./invitation.js";
import { endAtThisHost, ENDED, endPopup, forgetHost, POPUP_NAME, POPUP_QUERY, unfinishedChoice } from "./round-trip.js";
import { meaning } from "./text.js";

/** While the login's window is open: it may lose its opener at Meta, so the status is asked for as well. */
const WATCH_MS = 1500;

/** How often a card without a network tries again. */
const RETRY_MS = 3000;

/** @typedef {import("./connection-row.js").Connection} Connection */
/** @typedef {{ name: string, max_connections: number | null, connections_left: number | null, required: string | null }} Plan */
/** @typedef {{ connections: Connection[], can_manage?: boolean, can_connect?: boolean, plan?: Plan | null }} Status */

export class BuzonConnectCard extends BuzonElement {
  static observedAttributes = [...BuzonElement.observedAttributes, "channel", "outcome", "upgrade-url"];

  constructor() {
    super();
    /** @type {Status | undefined} */
    this.status = undefined;
    /** @type {{ tone: string, title: string, text?: string } | undefined} */
    this.message = undefined;
    this.offline = false;
    /** @type {"window" | "page" | undefined} where Meta's login is open, or about to be */
    this.connecting = undefined;
    /** @type {{ login?: Connection["login"], account?: string } | undefined} the login whose window the browser has not opened */
    this.blocked = undefined;
    /** @type {string | undefined} the login whose accounts are to be chosen here */
    this.choosing = undefined;
    /** @type {string | undefined} the account whose "Disconnect" waits for a yes */
    this.confirming = undefined;
    this.busy = false;
    this.top = h("header");
    this.region = h("div", { role: "status" });
    this.content = h("div");
    this.help = h("details");
    this.root.append(h("section", { class: "card", "aria-labelledby": "title" }, this.top, this.region, this.content, this.help));
  }

  texts() {
    return textsOf(super.texts(), this.channel);
  }

  /**
   * @param {string} name
   * @param {string | null} before
   * @param {string | null} after
   */
  attributeChangedCallback(name, before, after) {
    super.attributeChangedCallback(name, before, after);
    if (name !== "channel" || before === after || !this.isConnected) return;
    this.status = this.message = this.choosing = this.confirming = this.connecting = this.blocked = undefined;
    this.render();
    void this.refresh();
  }

  start() {
    const outcome = this.getAttribute("outcome");
    if (outcome) this.#tellOutcome(outcome);
    this.render();
    void this.refresh();
    if (this.#isElsewhere()) this.#comeBack();
    const { signal } = this.alive;
    const pages = new BroadcastChannel(ENDED);
    pages.addEventListener("message", ({ data }) => this.#ended(data));
    signal.addEventListener("abort", () => pages.close());
    window.addEventListener("message", (event) => this.#heard(event), { signal });
    window.addEventListener("focus", () => void this.refresh(), { signal });
    window.addEventListener("online", () => void this.refresh(), { signal });
    // The plan's places are those of all channels: another card of the page may have taken or freed one.
    for (const name of ["buzon-disconnected", "buzon-selected"]) {
      document.addEventListener(name, ({ target }) => void (target !== this && this.refresh()), { signal });
    }
    void this.repeat(RETRY_MS, async () => void (this.offline && (await this.refresh())));
    // "Back" from Meta's page shows this one as it was left.
    window.addEventListener("pageshow", ({ persisted }) => persisted && this.#giveUp(), { signal });
  }

  /** Reads what is connected. */
  async refresh() {
    const { channel } = this;
    try {
      const status = await this.api.get(`${integration(channel)}/status`, this.alive.signal);
      if (channel !== this.channel) return;
      this.status = status;
      if (this.offline) this.message = undefined;
      this.offline = false;
      this.tell("status", { channel, ...status });
    } catch (error) {
      this.#failed(error);
    }
    this.render();
  }

  /**
   * Goes to Meta's login.
   * @param {"instagram" | "facebook"} [login]
   * @param {string} [account] the one that is connected again, which takes no further place in the plan
   * @param {string | null} [mode] `popup`, or else in this window
   */
  async connect(login, account, mode = this.getAttribute("mode")) {
    // Opened before anything is waited for, or the browser would block it.
    const popup = mode === "popup" ? window.open("", POPUP_NAME, "popup,width=520,height=760") : null;
    this.message = undefined;
    this.blocked = mode === "popup" && !popup ? { login, account } : undefined;
    if (this.blocked) return this.render();
    this.connecting = popup ? "window" : "page";
    this.render();
    try {
      if (this.#isElsewhere()) {
        const back = new URL(this.getAttribute("return-to") ?? location.href, location.href).href;
        await handOver(this.api, { channel: this.channel, login, account, back, mode: popup ? "popup" : "page" });
        if (popup) void this.#watch(popup);
        return;
      }
      forgetHost();
      const asked = { login, return_to: this.#returnTo(popup !== null), [this.#idField]: account };
      const { authUrl } = await this.api.change("POST", `${integration(this.channel)}/start`, asked);
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
      await this.api.change("POST", `${integration(this.channel)}/disconnect`, { [this.#idField]: account });
      this.message = undefined;
      this.tell("disconnected", { channel: this.channel, [this.#idField]: account });
    } catch (error) {
      this.#failed(error);
    }
    this.confirming = undefined;
    this.busy = false;
    await this.refresh();
  }

  get #idField() {
    return factsOf(this.channel).idField;
  }

  /** Whether this page is of another origin than the API, whose cookie browsers keep for certain only on pages of its own. */
  #isElsewhere() {
    return new URL(this.api.base, location.href).origin !== location.origin;
  }

  /** A login that began here may have ended: then this page's address says how. */
  #comeBack() {
    const ended = endAtThisHost(this.channel);
    if (!ended) return;
    // The window of the login has lost its tie to the page that the card is on.
    if (ended.popup) endPopup(ended.end);
    this.#ended(ended.end);
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
    if (event.origin === home && event.data?.type === ENDED) this.#ended(event.data);
  }

  /** @param {import("./round-trip.js").End} end */
  #ended({ channel, outcome, state }) {
    if (channel !== this.channel) return void (outcome === "connected" && this.refresh());
    this.connecting = undefined;
    this.choosing = outcome === "choosing" ? state : undefined;
    if (this.choosing) this.message = undefined;
    else this.#tellOutcome(outcome);
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
    const { channel } = this;
    this.draw(this.top, h("span", { class: `mark ${channel}` }, icon(factsOf(channel).icon)), h("h2", { id: "title" }, this.t("card.title")));
    this.say(this.region, this.message);
    if (this.choosing) this.#offerChoice(this.choosing);
    else this.draw(this.content, this.status ? this.#body(this.status.connections) : this.#skeleton());
    this.draw(this.help, h("summary", {}, this.t("card.help")), h("p", { class: "muted" }, this.t("card.help.text")));
  }

  #skeleton() {
    if (this.message) return h("div", { class: "actions" }, h("button", { class: "button quiet small", type: "button", onclick: () => void this.refresh() }, this.t("card.retry")));
    return h("div", { class: "accounts", "aria-busy": "true" }, h("div", { class: "skeleton" }), h("div", { class: "skeleton short" }));
  }

  /**
   * The accounts of the login, to choose from: the person is signed in here.
   * @param {string} state
   */
  #offerChoice(state) {
    if (this.content.querySelector(`[state="${CSS.escape(state)}"]`)) return;
    const left = this.status?.plan?.connections_left;
    const max = left === null || left === undefined ? undefined : Math.max(1, left);
    const { channel } = this;
    const attributes = { class: "inside", channel, state, max, api: this.api.base, locale: this.language, brand: this.brand, tenant: this.getAttribute("tenant") };
    const selector = h(/** @type {"div"} */ ("buzon-account-selector"), attributes);
    if (this.token) /** @type {BuzonElement} */ (/** @type {unknown} */ (selector)).token = this.token;
    selector.addEventListener("buzon-selected", () => this.#ended({ channel, outcome: "connected" }));
    const giveUp = h("button", { class: "link", type: "button", "data-focus": "choose-none", onclick: () => this.#ended({ channel, outcome: "cancelled" }) }, this.t("card.confirm.no"));
    this.draw(this.content, selector, h("p", {}, giveUp));
  }

  /** @param {Connection[]} connections */
  #body(connections) {
    const live = connections.filter(({ status }) => status !== "revoked");
    const gone = live.length === 0 ? connections : [];
    const { channel } = this;
    const around = {
      channel,
      t: this.t,
      language: this.language,
      inPlan: isInPlan(this.status),
      busy: this.busy,
      connecting: this.connecting !== undefined,
      allowed: mayManage(this.status),
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
      ...gone.map((connection) =>
        h("div", { class: "notice", "data-status": "revoked" }, icon(ICONS.link), h("p", {}, `${this.t("card.revoked", { account: factsOf(channel).nameOf(connection) })} `, h("span", { class: "muted" }, this.t("card.kept")))),
      ),
      live.length > 0 && h("ul", { class: "accounts" }, ...live.map((connection) => connectionRow(connection, around))),
      live.length === 0 && h("p", {}, this.t("card.intro")),
      invitation(this.status, {
        channel,
        t: this.t,
        another: live.length > 0,
        connecting: this.connecting,
        blocked: this.blocked !== undefined,
        upgrade: this.getAttribute("upgrade-url"),
        connect: (/** @type {Connection["login"] | undefined} */ login) => void this.connect(login),
        here: () => void this.connect(this.blocked?.login, this.blocked?.account, "page"),
        giveUp: () => this.#giveUp(),
      }),
    );
  }

  #choose() {
    const path = unfinishedChoice(this.channel);
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
