// @ts-check
/** The list of conversations, of all channels or of one, with a search in what is loaded. */

import { CHANNELS, factsOf, textsOf } from "./channel.js";
import { portrait } from "./connection-row.js";
import { h, icon, ICONS, reconcile } from "./dom.js";
import { either } from "./text.js";
import { shortTime } from "./time.js";

/** @typedef {import("./channel.js").Channel} Channel */

/**
 * @typedef {object} Conversation
 * @property {string} id
 * @property {Channel} channel
 * @property {string} [ig_user_id]
 * @property {string} [page_id]
 * @property {{ id: string, display_name: string, name: string | null, username: string | null, picture_url: string | null }} contact
 * @property {{ direction: string, kind: string, preview: string } | null} last_message
 * @property {string | null} last_message_at
 * @property {number} unread_count
 * @property {string | null} reply_until
 * @property {string | null} human_agent_until
 * @property {boolean} handled_elsewhere
 */

/**
 * What is shown of it.
 * @typedef {object} View
 * @property {string} [selected]
 * @property {boolean} more
 * @property {boolean} ready
 * @property {Channel | undefined} only the one channel whose conversations they are
 * @property {Channel[]} channels those that there is a choice between
 * @property {Channel[]} connected those through which somebody could write
 */

/**
 * What a contact is called. Of whom Meta tells no name, or not yet, the end of the id tells them apart.
 * @param {Conversation} conversation
 * @param {import("./text.js").Translate} t
 */
export function nameOfContact({ contact }, t) {
  return contact.name || contact.username ? contact.display_name : t("inbox.someone", { end: contact.id.slice(-4) });
}

/**
 * The contact's picture, which says on which channel they are.
 * @param {Conversation} conversation
 * @param {import("./text.js").Translate} t
 */
export function face(conversation, t) {
  const { channel, contact } = conversation;
  const { icon: mark, name } = factsOf(channel);
  const picture = portrait(contact.picture_url, nameOfContact(conversation, t));
  return h("span", { class: "face" }, picture, h("span", { class: `mark ${channel}`, role: "img", "aria-label": name }, icon(mark)));
}

export class ConversationList {
  /**
   * @param {import("./text.js").Translate} t
   * @param {string} language
   * @param {{ pick: (id: string) => void, more: () => void, only: (channel: Channel | undefined) => void }} on
   */
  constructor(t, language, on) {
    this.t = t;
    this.language = language;
    this.on = on;
    /** @type {Conversation[]} */
    this.all = [];
    /** @type {View} */
    this.view = { more: false, ready: false, only: undefined, channels: [], connected: [] };
    this.badge = h("span", { class: "count", hidden: true });
    this.query = h("input", { type: "search", "aria-label": t("inbox.search"), placeholder: t("inbox.search.short"), oninput: () => this.#draw() });
    this.choices = [undefined, ...CHANNELS].map((channel) => ({ channel, button: this.#choice(channel) }));
    this.filter = h("div", { class: "filter", role: "group", "aria-label": t("inbox.channel"), hidden: true }, ...this.choices.map(({ button }) => button));
    this.rows = h("ul", { class: "scroll" });
    this.element = h(
      "section",
      { class: "list", "aria-label": t("inbox.title") },
      h("div", { class: "head" }, h("h2", {}, t("inbox.title"), this.badge), h("div", { class: "search" }, icon(ICONS.search), this.query), this.filter),
      this.rows,
    );
  }

  /**
   * @param {Conversation[]} all newest first
   * @param {View} view
   */
  render(all, view) {
    this.all = all;
    if (view.only !== this.view.only) this.rows.scrollTop = 0;
    this.view = view;
    this.filter.hidden = view.channels.length < 2;
    for (const { channel, button } of this.choices) {
      button.hidden = channel !== undefined && !view.channels.includes(channel);
      button.setAttribute("aria-pressed", String(channel === view.only));
    }
    const unread = all.reduce((sum, { unread_count: count }) => sum + count, 0);
    this.badge.hidden = unread === 0;
    this.badge.textContent = String(unread);
    this.badge.setAttribute("aria-label", this.t("inbox.unread", { count: unread }));
    this.#draw();
  }

  /** @param {Channel | undefined} channel */
  #choice(channel) {
    const name = channel ? factsOf(channel).name : this.t("inbox.channel.all");
    return h("button", { class: "chip", type: "button", onclick: () => this.on.only(channel) }, name);
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
    const found = query ? this.all.filter((conversation) => matches(conversation, query, this.language, this.t)) : this.all;
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
    if (this.all.length === 0) return alone(`empty ${this.#places()}`, icon(ICONS.chat, "icon big"), h("strong", {}, t("inbox.empty")), h("p", { class: "muted" }, t("inbox.empty.text", { channels: this.#places() })));
    if (found.length === 0) return alone("nothing", h("p", { class: "muted" }, t("inbox.nothing", { query: this.query.value })));
    const more = this.view.more && !query;
    const rows = found.map((conversation) => {
      const current = conversation.id === this.view.selected;
      const drawing = JSON.stringify([conversation, current, shortTime(conversation.last_message_at, this.language, this.t)]);
      return { key: conversation.id, drawing, make: () => h("li", {}, this.#row(conversation, current)) };
    });
    return more ? [...rows, { key: "more", drawing: "", make: () => h("li", { class: "more" }, h("button", { class: "button quiet small", type: "button", onclick: this.on.more }, t("inbox.more"))) }] : rows;
  }

  /** Where somebody could write, as in a sentence. */
  #places() {
    const { only, connected } = this.view;
    const channels = only ? [only] : connected.length > 0 ? connected : CHANNELS;
    const list = new Intl.ListFormat(this.language, { type: "disjunction" });
    return list.format(channels.map((channel) => factsOf(channel).name));
  }

  /**
   * @param {Conversation} conversation
   * @param {boolean} current
   */
  #row(conversation, current) {
    const { id, channel, last_message: last, unread_count: unread } = conversation;
    return h(
      "button",
      { class: unread > 0 ? "row unread" : "row", type: "button", "data-id": id, "aria-current": current ? "true" : undefined, onclick: () => this.on.pick(id) },
      face(conversation, this.t),
      h("span", { class: "name" }, nameOfContact(conversation, this.t)),
      h("time", { datetime: conversation.last_message_at }, shortTime(conversation.last_message_at, this.language, this.t)),
      h("span", { class: "preview" }, last ? this.#preview(last, textsOf(this.t, channel)) : ""),
      unread > 0 ? h("span", { class: "count" }, String(unread), h("span", { class: "visually-hidden" }, ` ${this.t("inbox.unread", { count: "" })}`)) : h("span"),
    );
  }

  /**
   * @param {NonNullable<Conversation["last_message"]>} last
   * @param {import("./text.js").Translate} t
   */
  #preview({ direction, kind, preview }, t) {
    const attachment = /^\[(\w+)\]$/.exec(preview);
    const words = attachment ? either(t, `message.${attachment[1]}`, "message.attachment") : preview;
    const shown = words || either(t, `message.${kind}`, "message.deleted");
    return direction === "outbound" ? t("inbox.you") + shown : shown;
  }
}

/**
 * @param {Conversation} conversation
 * @param {string} query in lower case
 * @param {string} language
 * @param {import("./text.js").Translate} t
 */
function matches(conversation, query, language, t) {
  const { contact, last_message: last } = conversation;
  return [nameOfContact(conversation, t), contact.username, last?.preview].some((text) => text?.toLocaleLowerCase(language).includes(query));
}
