// @ts-check
/** The list of conversations, with a search in what is loaded. */

import { portrait } from "./connection-row.js";
import { h, icon, ICONS, reconcile } from "./dom.js";
import { shortTime } from "./time.js";

/**
 * @typedef {object} Conversation
 * @property {string} id
 * @property {string} channel
 * @property {string} ig_user_id
 * @property {{ display_name: string, name: string | null, username: string | null, picture_url: string | null }} contact
 * @property {{ direction: string, kind: string, preview: string } | null} last_message
 * @property {string | null} last_message_at
 * @property {number} unread_count
 * @property {string | null} reply_until
 * @property {string | null} human_agent_until
 * @property {boolean} handled_elsewhere
 */

export class ConversationList {
  /**
   * @param {import("./text.js").Translate} t
   * @param {string} language
   * @param {{ pick: (id: string) => void, more: () => void }} on
   */
  constructor(t, language, on) {
    this.t = t;
    this.language = language;
    this.on = on;
    /** @type {Conversation[]} */
    this.all = [];
    /** @type {{ selected?: string, more: boolean, ready: boolean }} */
    this.view = { more: false, ready: false };
    this.badge = h("span", { class: "count", hidden: true });
    this.query = h("input", { type: "search", "aria-label": t("inbox.search"), placeholder: t("inbox.search.short"), oninput: () => this.#draw() });
    this.rows = h("ul", { class: "scroll" });
    this.element = h(
      "section",
      { class: "list", "aria-label": t("inbox.title") },
      h("div", { class: "head" }, h("h2", {}, t("inbox.title"), this.badge), h("div", { class: "search" }, icon(ICONS.search), this.query)),
      this.rows,
    );
  }

  /**
   * @param {Conversation[]} all newest first
   * @param {{ selected?: string, more: boolean, ready: boolean }} view
   */
  render(all, view) {
    this.all = all;
    this.view = view;
    const unread = all.reduce((sum, { unread_count: count }) => sum + count, 0);
    this.badge.hidden = unread === 0;
    this.badge.textContent = String(unread);
    this.badge.setAttribute("aria-label", this.t("inbox.unread", { count: unread }));
    this.#draw();
  }

  /**
   * Puts the focus back where the person left the list.
   * @param {string} id
   */
  focus(id) {
    /** @type {HTMLElement | null} */ (this.rows.querySelector(`[data-id="${CSS.escape(id)}"]`))?.focus({ preventScroll: true });
  }

  #draw() {
    const query = this.query.value.trim().toLocaleLowerCase(this.language);
    const found = query ? this.all.filter((conversation) => matches(conversation, query, this.language)) : this.all;
    const root = /** @type {ShadowRoot | Document} */ (this.rows.getRootNode());
    const focused = /** @type {HTMLElement | null} */ (root.activeElement)?.dataset?.id;
    reconcile(this.rows, this.#content(found, query));
    if (focused) this.focus(focused);
  }

  /**
   * @param {Conversation[]} found
   * @param {string} query
   * @returns {import("./dom.js").Row[]}
   */
  #content(found, query) {
    const { t } = this;
    const alone = (/** @type {string} */ key, /** @type {import("./dom.js").Child[]} */ ...children) => [
      { key, drawing: key + query, make: () => h("li", { class: "empty" }, ...children) },
    ];
    if (!this.view.ready) return [1, 2, 3].map((index) => ({ key: `loading ${index}`, drawing: "", make: () => h("li", { class: "row", "aria-busy": "true" }, h("span", { class: "skeleton round" }), h("span", { class: "skeleton short" }), h("span", { class: "skeleton" })) }));
    if (this.all.length === 0) return alone("empty", icon(ICONS.chat, "icon big"), h("strong", {}, t("inbox.empty")), h("p", { class: "muted" }, t("inbox.empty.text")));
    if (found.length === 0) return alone("nothing", h("p", { class: "muted" }, t("inbox.nothing", { query: this.query.value })));
    const more = this.view.more && !query;
    const rows = found.map((conversation) => {
      const current = conversation.id === this.view.selected;
      const drawing = JSON.stringify([conversation, current, shortTime(conversation.last_message_at, this.language, this.t)]);
      return { key: conversation.id, drawing, make: () => h("li", {}, this.#row(conversation, current)) };
    });
    return more ? [...rows, { key: "more", drawing: "", make: () => h("li", { class: "more" }, h("button", { class: "button quiet small", type: "button", onclick: this.on.more }, t("inbox.more"))) }] : rows;
  }

  /**
   * @param {Conversation} conversation
   * @param {boolean} current
   */
  #row(conversation, current) {
    const { id, contact, last_message: last, unread_count: unread } = conversation;
    const picture = portrait(contact.picture_url, contact.display_name);
    picture.append(h("span", { class: "mark channel" }, icon(ICONS.instagram)));
    return h(
      "button",
      { class: unread > 0 ? "row unread" : "row", type: "button", "data-id": id, "aria-current": current ? "true" : undefined, onclick: () => this.on.pick(id) },
      picture,
      h("span", { class: "name" }, contact.display_name),
      h("time", { datetime: conversation.last_message_at }, shortTime(conversation.last_message_at, this.language, this.t)),
      h("span", { class: "preview" }, last ? this.#preview(last) : ""),
      unread > 0 ? h("span", { class: "count" }, String(unread), h("span", { class: "visually-hidden" }, ` ${this.t("inbox.unread", { count: "" })}`)) : h("span"),
    );
  }

  /** @param {NonNullable<Conversation["last_message"]>} last */
  #preview({ direction, kind, preview }) {
    const attachment = /^\[(\w+)\]$/.exec(preview);
    const named = attachment ? this.t(`message.${attachment[1]}`) : preview;
    const words = named.startsWith("message.") ? this.t("message.attachment") : named;
    const shown = words || (this.t(`message.${kind}`).startsWith("message.") ? this.t("message.deleted") : this.t(`message.${kind}`));
    return direction === "outbound" ? this.t("inbox.you") + shown : shown;
  }
}

/**
 * @param {Conversation} conversation
 * @param {string} query in lower case
 * @param {string} language
 */
function matches({ contact, last_message: last }, query, language) {
  return [contact.display_name, contact.username, last?.preview].some((text) => text?.toLocaleLowerCase(language).includes(query));
}
