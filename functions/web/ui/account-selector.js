// @ts-check
/** `<buzon-account-selector state="…">`: chooses among the accounts that a login may connect. */

import { ApiError } from "./api.js";
import { h, icon, ICONS, safeUrl } from "./dom.js";
import { BuzonElement } from "./element.js";
import { either } from "./text.js";

const BASE = "/api/integrations/meta/instagram";

/** @typedef {{ ig_user_id: string | null, ig_username: string | null, page_id: string | null, page_name: string | null, picture_url: string | null, selectable: boolean, reason: string | null }} Asset */

export class BuzonAccountSelector extends BuzonElement {
  static observedAttributes = [...BuzonElement.observedAttributes, "state", "max"];

  constructor() {
    super();
    /** @type {Asset[] | undefined} */
    this.assets = undefined;
    /** @type {Set<string>} */
    this.chosen = new Set();
    /** @type {{ title: string, text?: string } | undefined} */
    this.problem = undefined;
    this.busy = false;
  }

  start() {
    this.render();
    void this.#load();
  }

  async #load() {
    try {
      this.assets = await this.api.get(`${BASE}/assets?state=${encodeURIComponent(this.getAttribute("state") ?? "")}`, this.alive.signal);
      const possible = this.assets?.filter((asset) => asset.selectable) ?? [];
      if (possible.length === 1) this.chosen.add(String(possible[0].ig_user_id));
    } catch (error) {
      this.#failed(error);
    }
    this.render();
  }

  /** How many may be chosen: what the plan leaves; without the attribute, any number. */
  get max() {
    const max = Number(this.getAttribute("max") ?? NaN);
    return Number.isInteger(max) && max > 0 ? max : Infinity;
  }

  async #connect() {
    this.busy = true;
    this.problem = undefined;
    this.render();
    const accounts = (this.assets ?? [])
      .filter((asset) => asset.ig_user_id && this.chosen.has(asset.ig_user_id))
      .map(({ ig_user_id, page_id }) => ({ ig_user_id, page_id }));
    try {
      const result = await this.api.change("POST", `${BASE}/select`, { state: this.getAttribute("state"), accounts });
      this.tell("selected", result);
    } catch (error) {
      this.#failed(error);
    }
    this.busy = false;
    this.render();
  }

  /** @param {unknown} error */
  #failed(error) {
    if (error instanceof DOMException && error.name === "AbortError") return;
    if (!(error instanceof ApiError)) throw error;
    if (error.status === 404) this.problem = { title: this.t("select.expired"), text: this.t("select.expired.text") };
    else if (error.offline) this.problem = { title: this.t("inbox.offline") };
    else this.problem = { title: error.problem.title ?? this.t("error.other"), text: error.problem.detail };
  }

  render() {
    const several = this.max > 1;
    this.show(
      h(
        "section",
        { class: "card", "aria-labelledby": "title" },
        h("header", {}, h("span", { class: "mark" }, icon(ICONS.instagram)), h("h2", { id: "title" }, this.t(several ? "select.many" : "select.title"))),
        h("div", { role: "status", "aria-live": "polite" }, this.problem && this.#problem(this.problem)),
        this.assets ? this.#form(this.assets, several) : !this.problem && h("div", { class: "skeleton", "aria-busy": "true" }),
      ),
    );
  }

  /** @param {{ title: string, text?: string }} problem */
  #problem({ title, text }) {
    return h("div", { class: "notice bad" }, icon(ICONS.alert), h("div", {}, h("strong", {}, title), text && h("p", { class: "muted" }, text)));
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
      h(
        "fieldset",
        { class: "choices", "aria-labelledby": "title" },
        ...assets.map((asset, index) => this.#choice(asset, index, several)),
      ),
      h(
        "button",
        { class: "button", type: "submit", "data-focus": "submit", disabled: count === 0 || this.busy, "aria-busy": this.busy ? "true" : undefined },
        several ? this.t("select.connect.many", { count }) : this.t("select.connect"),
      ),
    );
  }

  /**
   * @param {Asset} asset
   * @param {number} index
   * @param {boolean} several
   */
  #choice(asset, index, several) {
    const id = asset.ig_user_id ?? "";
    const name = asset.ig_username ? `@${asset.ig_username}` : (asset.page_name ?? "");
    const full = several && this.chosen.size >= this.max && !this.chosen.has(id);
    const picture = safeUrl(asset.picture_url);
    const why = asset.selectable ? undefined : either(this.t, `select.reason.${asset.reason}`, "select.reason.other");
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
      h("span", { class: "avatar" }, picture ? h("img", { src: picture, alt: "", referrerpolicy: "no-referrer" }) : name.replace("@", "").slice(0, 1).toUpperCase()),
      h(
        "span",
        {},
        h("strong", {}, name),
        asset.page_name && asset.ig_username ? h("span", { class: "muted" }, ` ${this.t("select.page", { page: asset.page_name })}`) : null,
        why && h("span", { class: "muted" }, h("br"), why),
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
