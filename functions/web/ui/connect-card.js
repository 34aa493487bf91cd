// @ts-check
/** `<buzon-connect-card>`: connects Instagram, shows what is connected, disconnects. */

import { ApiError } from "./api.js";
import { h, icon, ICONS, safeUrl } from "./dom.js";
import { BuzonElement } from "./element.js";
import { either } from "./text.js";

const BASE = "/api/integrations/meta/instagram";

/** Where the pages remember a choice that was not finished (see `page-select.js`). */
export const SELECTION_KEY = "buzon:selection";

/** The name of the window that Meta's login is opened in. */
export const POPUP_NAME = "buzon-connect";

/** How the pages tell the card that a round trip ended. */
export const CHANNEL = "buzon:connect";

/** @typedef {{ ig_user_id: string, ig_username: string, page_name: string | null, picture_url: string | null, status: string, error: { reason: string } | null }} Connection */

export class BuzonConnectCard extends BuzonElement {
  static observedAttributes = [...BuzonElement.observedAttributes, "outcome"];

  constructor() {
    super();
    /** @type {{ connections: Connection[], can_connect?: boolean, plan?: { required: string } | null } | undefined} */
    this.status = undefined;
    /** @type {{ tone: string, title: string, text?: string } | undefined} */
    this.message = undefined;
    this.connecting = false;
    /** @type {string | undefined} the account whose "Disconnect" waits for a yes */
    this.confirming = undefined;
    this.busy = false;
  }

  start() {
    const outcome = this.getAttribute("outcome");
    if (outcome) this.#tellOutcome(outcome);
    this.render();
    void this.refresh();
    const channel = new BroadcastChannel(CHANNEL);
    channel.addEventListener("message", ({ data }) => this.#ended(data));
    this.alive.signal.addEventListener("abort", () => channel.close());
    const { signal } = this.alive;
    window.addEventListener("message", (event) => this.#heard(event), { signal });
    window.addEventListener("focus", () => void this.refresh(), { signal });
  }

  /** Reads what is connected. */
  async refresh() {
    try {
      this.status = await this.api.get(`${BASE}/status`, this.alive.signal);
      if (this.message?.tone === "offline") this.message = undefined;
      this.tell("status", this.status);
    } catch (error) {
      this.#failed(error);
    }
    this.render();
  }

  /**
   * Goes to Meta's login.
   * @param {"instagram" | "facebook"} [login]
   */
  async connect(login) {
    const popup = this.getAttribute("mode") === "popup" ? window.open("", POPUP_NAME, "popup,width=520,height=760") : null;
    this.connecting = true;
    this.message = undefined;
    this.render();
    try {
      const returnTo = this.getAttribute("return-to") ?? undefined;
      const { authUrl } = await this.api.change("POST", `${BASE}/start`, { login, return_to: returnTo });
      if (popup) {
        popup.location.href = authUrl;
        void this.#watch(popup);
      } else {
        location.assign(authUrl);
      }
    } catch (error) {
      popup?.close();
      this.connecting = false;
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
      this.confirming = undefined;
      this.tell("disconnected", { ig_user_id: account });
    } catch (error) {
      this.#failed(error);
    }
    this.busy = false;
    await this.refresh();
  }

  /**
   * The window may lose its opener at Meta, so the status is asked for as well.
   * @param {Window} popup
   */
  async #watch(popup) {
    while (this.connecting && !this.alive.signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, 1500));
      if (popup.closed) this.connecting = false;
      await this.refresh();
    }
  }

  /** @param {MessageEvent} event */
  #heard(event) {
    const home = new URL(this.api.base, location.href).origin;
    if (event.origin === home && event.data?.type === CHANNEL) this.#ended(event.data);
  }

  /** @param {{ outcome: string }} data */
  #ended({ outcome }) {
    this.connecting = false;
    this.#tellOutcome(outcome);
    void this.refresh();
  }

  /** @param {string} outcome */
  #tellOutcome(outcome) {
    const known = this.t(`outcome.${outcome}`) !== `outcome.${outcome}`;
    const key = known ? outcome : "other";
    const text = this.t(`outcome.${key}.text`);
    this.message = {
      tone: outcome === "connected" ? "good" : outcome === "cancelled" ? "" : "bad",
      title: this.t(`outcome.${key}`),
      text: text.startsWith("outcome.") ? undefined : text,
    };
  }

  /** @param {unknown} error */
  #failed(error) {
    if (error instanceof DOMException && error.name === "AbortError") return;
    if (!(error instanceof ApiError)) throw error;
    if (error.offline) this.message = { tone: "offline", title: this.t("inbox.offline") };
    else if (error.status === 401) this.message = { tone: "bad", title: this.t("error.session") };
    else this.message = { tone: "bad", title: error.problem.title ?? this.t("error.other"), text: error.problem.detail };
  }

  render() {
    this.show(
      h(
        "section",
        { class: "card", "aria-labelledby": "title" },
        h(
          "header",
          {},
          h("span", { class: "mark" }, icon(ICONS.instagram)),
          h("h2", { id: "title" }, this.t("card.title")),
          this.#planBadge(),
        ),
        h("div", { role: "status", "aria-live": "polite" }, this.#message()),
        this.status ? this.#body(this.status.connections.filter(({ status }) => status !== "revoked")) : this.#skeleton(),
        h("details", {}, h("summary", {}, this.t("card.help")), h("p", { class: "muted" }, this.t("card.help.text"))),
      ),
    );
  }

  #message() {
    const { message } = this;
    if (!message) return null;
    return h(
      "div",
      { class: `notice ${message.tone === "offline" ? "warn" : message.tone}` },
      icon(message.tone === "good" ? ICONS.check : ICONS.alert),
      h("div", {}, h("strong", {}, message.title), message.text && h("p", { class: "muted" }, message.text)),
    );
  }

  #skeleton() {
    if (this.message) return null;
    return h("div", { class: "accounts", "aria-busy": "true" }, h("div", { class: "skeleton" }), h("div", { class: "skeleton" }));
  }

  #planBadge() {
    const plan = this.status?.plan?.required;
    return plan && h("span", { class: "badge warn" }, icon(ICONS.lock), this.t("card.plan", { plan }));
  }

  /** @param {Connection[]} connections */
  #body(connections) {
    const parts = [];
    if (this.#unfinishedChoice()) parts.push(this.#choose());
    if (connections.length > 0) {
      parts.push(h("ul", { class: "accounts" }, ...connections.map((connection) => this.#account(connection))));
      parts.push(h("div", { class: "actions" }, this.#connectButton(this.t("card.add"), "quiet")));
    } else {
      parts.push(h("p", {}, this.t("card.intro")), this.#invitation());
    }
    return h("div", { class: "accounts" }, ...parts);
  }

  #invitation() {
    return h(
      "div",
      { class: "accounts" },
      h(
        "div",
        { class: "actions" },
        this.#connectButton(this.t("card.connect")),
        this.connecting && h("button", { class: "link", type: "button", onclick: () => this.#giveUp() }, this.t("card.confirm.no")),
      ),
      h("p", { class: "muted", id: "under" }, this.connecting ? this.t("card.connecting") : this.t("card.under")),
      h(
        "p",
        {},
        h(
          "button",
          { class: "link muted", type: "button", "data-focus": "facebook", disabled: this.#locked(), onclick: () => void this.connect("facebook") },
          this.t("card.facebook"),
        ),
      ),
    );
  }

  #locked() {
    return this.connecting || this.status?.can_connect === false;
  }

  #giveUp() {
    this.connecting = false;
    this.render();
  }

  /**
   * @param {string} label
   * @param {string} [look]
   */
  #connectButton(label, look = "") {
    const plan = this.status?.plan?.required;
    const why = plan ? this.t("card.plan.tip", { plan }) : this.status?.can_connect === false ? this.t("card.role") : undefined;
    return h(
      "button",
      {
        class: `button ${look}`,
        type: "button",
        "data-focus": "connect",
        disabled: this.#locked(),
        title: why,
        "aria-describedby": "under",
        "aria-busy": this.connecting ? "true" : undefined,
        onclick: () => void this.connect(),
      },
      icon(ICONS.instagram),
      label,
    );
  }

  #unfinishedChoice() {
    try {
      const kept = JSON.parse(sessionStorage.getItem(SELECTION_KEY) ?? "null");
      return kept && kept.until > Date.now() ? String(kept.path) : undefined;
    } catch {
      return undefined;
    }
  }

  #choose() {
    return h(
      "div",
      { class: "notice warn" },
      icon(ICONS.clock),
      h("div", { class: "accounts" }, h("p", {}, this.t("card.choose")), h("a", { class: "button small", href: this.#unfinishedChoice() }, this.t("card.choose.go"))),
    );
  }

  /** @param {Connection} connection */
  #account(connection) {
    const { ig_user_id: id, ig_username: username, status } = connection;
    const picture = safeUrl(connection.picture_url);
    const broken = status === "error";
    return h(
      "li",
      { class: "account" },
      h(
        "div",
        { class: "line" },
        h("span", { class: "avatar" }, picture ? h("img", { src: picture, alt: "", referrerpolicy: "no-referrer" }) : username.slice(0, 1).toUpperCase()),
        h(
          "div",
          { class: "who" },
          h("strong", {}, status === "active" ? this.t("card.connected", { username }) : this.t(`card.${status}`, { username })),
          h("span", { class: "muted" }, this.#explanation(connection)),
        ),
        broken && h("button", { class: "button small", type: "button", onclick: () => void this.connect() }, this.t("card.reconnect")),
        status === "pending" && h("button", { class: "button small", type: "button", onclick: () => void this.connect() }, this.t("card.retry")),
        h(
          "button",
          { class: "button quiet small", type: "button", "data-focus": `disconnect-${id}`, disabled: this.busy, onclick: () => this.#ask(id) },
          this.t("card.disconnect"),
          h("span", { class: "visually-hidden" }, ` @${username}`),
        ),
      ),
      this.confirming === id && this.#confirmation(id, username),
    );
  }

  /** @param {Connection} connection */
  #explanation({ status, error, page_name: page }) {
    if (status === "error") return either(this.t, `reason.${error?.reason}`, "reason.other");
    if (status === "active") return this.t("card.can");
    return page ?? "";
  }

  /** @param {string} id */
  #ask(id) {
    this.confirming = id;
    this.render();
    /** @type {HTMLElement | null} */ (this.root.querySelector("[data-focus=yes]"))?.focus();
  }

  /**
   * @param {string} id
   * @param {string} username
   */
  #confirmation(id, username) {
    const cancel = () => {
      this.confirming = undefined;
      this.render();
    };
    return h(
      "div",
      { class: "notice bad", role: "alertdialog", "aria-labelledby": "ask", onkeydown: (/** @type {KeyboardEvent} */ event) => event.key === "Escape" && cancel() },
      h(
        "div",
        { class: "accounts" },
        h("p", { id: "ask" }, this.t("card.confirm", { username })),
        h(
          "div",
          { class: "actions" },
          h("button", { class: "button danger small", type: "button", "data-focus": "yes", disabled: this.busy, onclick: () => void this.disconnect(id) }, this.t("card.confirm.yes")),
          h("button", { class: "button quiet small", type: "button", disabled: this.busy, onclick: cancel }, this.t("card.confirm.no")),
        ),
      ),
    );
  }
}
