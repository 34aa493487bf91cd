// @ts-check
/** `<buzon-account-selector channel="…" state="…">`: chooses among the accounts that a login may connect. */

import { ApiError } from "./api.js";
import { factsOf, integration, textsOf } from "./channel.js";
import { portrait } from "./connection-row.js";
import { h, icon } from "./dom.js";
import { BuzonElement } from "./element.js";
import { either, meaning } from "./text.js";

/** @typedef {import("./channel.js").Named} Named */
/** @typedef {Named & { picture_url: string | null, selectable: boolean, reason?: string }} Asset */
/** @typedef {Named & { reason: string, title: string }} Refused */

export class BuzonAccountSelector extends BuzonElement {
  static observedAttributes = [...BuzonElement.observedAttributes, "channel", "state", "max"];

  constructor() {
    super();
    /** @type {Asset[] | undefined} */
    this.assets = undefined;
    /** @type {Set<string>} */
    this.chosen = new Set();
    /** @type {Set<string>} those that are connected already, and may be connected again */
    this.connected = new Set();
    /** @type {{ tone: string, title: string, text?: string } | undefined} */
    this.message = undefined;
    this.busy = false;
    /** @type {{ refused: Refused[] } | undefined} */
    this.result = undefined;
    this.top = h("header");
    this.region = h("div", { role: "status" });
    this.content = h("div");
    this.root.append(h("section", { class: "card", "aria-labelledby": "title" }, this.top, this.region, this.content));
  }

  texts() {
    return textsOf(super.texts(), this.channel);
  }

  start() {
    this.render();
    void this.#load();
  }

  /**
   * @param {string} name
   * @param {string | null} before
   * @param {string | null} after
   */
  attributeChangedCallback(name, before, after) {
    if ((name === "state" || name === "channel") && before !== after) {
      this.assets = this.message = this.result = undefined;
      this.chosen.clear();
      if (this.isConnected) void this.#load();
    }
    super.attributeChangedCallback(name, before, after);
  }

  async #load() {
    const state = this.getAttribute("state");
    if (!state) return; // nobody has logged in yet
    try {
      const path = integration(this.channel);
      const { signal } = this.alive;
      const [assets, status] = await Promise.all([this.api.get(`${path}/assets?state=${encodeURIComponent(state)}`, signal), this.api.get(`${path}/status`, signal)]);
      this.assets = assets;
      this.connected = connectedOf(status, this.channel);
      const possible = this.assets?.filter((asset) => asset.selectable) ?? [];
      if (possible.length === 1) this.chosen.add(this.#idOf(possible[0]));
      if (possible.length === 0) this.message = { tone: "warn", title: this.t("select.none") };
    } catch (error) {
      this.#failed(error);
    }
    this.render();
  }

  /** @param {Named} named */
  #idOf(named) {
    return named[factsOf(this.channel).idField] ?? "";
  }

  /** How many may be chosen: what the plan leaves; without the attribute, any number. */
  get max() {
    const max = Number(this.getAttribute("max") ?? NaN);
    return Number.isInteger(max) && max > 0 ? max : Infinity;
  }

  async #connect() {
    this.busy = true;
    this.message = undefined;
    this.render();
    const accounts = (this.assets ?? [])
      .filter((asset) => this.chosen.has(this.#idOf(asset)))
      .map(({ ig_user_id, page_id }) => ({ ig_user_id, page_id }));
    try {
      const result = await this.api.change("POST", `${integration(this.channel)}/select`, { state: this.getAttribute("state"), accounts });
      if (result.refused?.length) this.#partly(result);
      else this.tell("selected", result);
    } catch (error) {
      this.#failed(error);
    }
    this.busy = false;
    this.render();
  }

  /**
   * Some were connected and some were not: the person reads which before the page goes on.
   * @param {{ connections: Named[], refused: Refused[] }} result
   */
  #partly(result) {
    const { nameOf } = factsOf(this.channel);
    const connected = result.connections.map((named) => this.t("card.connected", { account: nameOf(named), username: named.ig_username ?? "" }));
    const refused = result.refused.map((named) => `${nameOf(named)}: ${meaning(this.t, `outcome.${named.reason}`, { title: named.title }).title}`);
    this.message = { tone: "warn", title: this.t("select.partial"), text: [...connected, ...refused].join(". ") };
    this.result = result;
  }

  /** @param {unknown} error */
  #failed(error) {
    if (error instanceof DOMException && error.name === "AbortError") return;
    if (!(error instanceof ApiError)) throw error;
    const said = error.status === 404 ? { title: this.t("select.expired"), text: this.t("select.expired.text") } : error.explain(this.t);
    this.message = { tone: "bad", ...said };
  }

  render() {
    const several = this.max > 1;
    this.draw(this.top, h("span", { class: `mark ${this.channel}` }, icon(factsOf(this.channel).icon)), h("h2", { id: "title" }, this.t(several ? "select.many" : "select.title")));
    this.say(this.region, this.message);
    this.draw(this.content, this.#content(several));
  }

  /** @param {boolean} several */
  #content(several) {
    if (this.result) return h("button", { class: "button", type: "button", onclick: () => this.tell("selected", this.result) }, this.t("select.go"));
    if (this.assets) return this.#form(this.assets, several);
    return !this.message && h("div", { class: "accounts", "aria-busy": "true" }, h("div", { class: "skeleton tall" }), h("div", { class: "skeleton tall" }));
  }

  /**
   * @param {Asset[]} assets
   * @param {boolean} several
   */
  #form(assets, several) {
    const count = this.chosen.size;
    const submit = (/** @type {Event} */ event) => {
      event.preventDefault();
      void this.#connect();
    };
    return h(
      "form",
      { class: "accounts", onsubmit: submit },
      several && this.max < assets.length && h("p", { class: "muted" }, this.t("select.up_to", { max: this.max })),
      h("fieldset", { class: "choices", "aria-labelledby": "title" }, ...assets.map((asset, index) => this.#choice(asset, index, several))),
      h(
        "div",
        { class: "actions" },
        h(
          "button",
          { class: "button", type: "submit", "data-focus": "submit", disabled: count === 0 || this.busy, "aria-busy": this.busy ? "true" : undefined },
          several ? this.t("select.connect.many", { count }) : this.t("select.connect"),
        ),
      ),
    );
  }

  /**
   * @param {Asset} asset
   * @param {number} index
   * @param {boolean} several
   */
  #choice(asset, index, several) {
    const id = this.#idOf(asset);
    const name = factsOf(this.channel).nameOf(asset);
    const full = several && this.chosen.size >= this.max && !this.chosen.has(id);
    const why = asset.selectable ? this.connected.has(id) && this.t("select.connected") : either(this.t, `select.reason.${asset.reason}`, "select.reason.other");
    const input = h("input", {
      type: several ? "checkbox" : "radio",
      name: "account",
      value: id,
      "data-focus": `choice-${index}`,
      disabled: !asset.selectable || full || this.busy,
      onchange: (/** @type {Event} */ event) => this.#toggle(id, /** @type {HTMLInputElement} */ (event.target).checked, several),
    });
    input.checked = this.chosen.has(id);
    return h(
      "label",
      { class: asset.selectable ? "choice" : "choice unavailable" },
      input,
      portrait(asset.picture_url, name),
      h(
        "span",
        {},
        h("strong", {}, name),
        asset.page_name && asset.ig_username ? h("span", { class: "muted line" }, this.t("select.page", { page: asset.page_name })) : null,
        why && h("span", { class: "muted line" }, why),
      ),
    );
  }

  /**
   * @param {string} id
   * @param {boolean} on
   * @param {boolean} several
   */
  #toggle(id, on, several) {
    if (!several) this.chosen.clear();
    if (on) this.chosen.add(id);
    else this.chosen.delete(id);
    this.render();
  }
}

/**
 * The ids of a channel's accounts that are connected.
 * @param {import("./connect-card.js").Status} status
 * @param {import("./channel.js").Channel} channel
 */
function connectedOf({ connections }, channel) {
  const { idField } = factsOf(channel);
  return new Set(connections.flatMap((connection) => (connection.status === "revoked" ? [] : (connection[idField] ?? []))));
}
