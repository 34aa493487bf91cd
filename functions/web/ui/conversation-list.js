// @ts-check
/** The list of conversations, with a search in what is loaded. */

import { h, icon, ICONS, safeUrl } from "./dom.js";
import { shortTime } from "./time.js";

/**
 * @typedef {object} Conversation
 * @property {string} id
 * @property {string} channel
 * @property {{ display_name: string, name: string | null, username: string | null, picture_url: string | null }} contact
 * @property {{ direction: string, kind: string, preview: string } | null} last_message
 * @property {string | null} last_message_at
 * @property {number} unread_count
 * @property {string | null} reply_until
 * @property {string | null} human_agent_until
 * @property {boolean} handled_elsewhere
 */

/**
 * The contact's picture, or the first letter of the name once Meta's link has expired.
 * @param {Conversation["contact"]} contact
 */
export function avatar(contact) {
  const letter = [...contact.display_name][0]?.toUpperCase() ?? "?";
  const url = safeUrl(contact.picture_url);
  if (!url) return h("span", { class: "avatar", "aria-hidden": "true" }, letter);
  const image = h("img", { src: url, alt: "", referrerpolicy: "no-referrer" });
  image.addEventListener("error", () => image.replaceWith(letter), { once: true });
  return h("span", { class: "avatar", "aria-hidden": "true" }, image);
}

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
    this.drawn = "";
    this.badge = h("span", { class: "count", hidden: true });
    this.query = h("input", { type: "search", "aria-label": t("inbox.search"), placeholder: t("inbox.search"), oninput: () => this.#draw() });
    this.rows = h("div", { class: "scroll" });
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
    /** @type {HTMLElement | null} */ (this.rows.querySelector(`[data-id="${CSS.escape(id)}"]`))?.focus();
  }

  #draw() {
    const query = this.query.value.trim().toLocaleLowerCase(this.language);
    const found = query ? this.all.filter((conversation) => matches(conversation, query, this.language)) : this.all;
    // Drawn only when something changed, so that a poll neither moves the scroll nor takes the focus.
    const drawing = JSON.stringify([found, this.view, query]);
    if (drawing === this.drawn) return;
    this.drawn = drawing;
    const root = /** @type {ShadowRoot | Document} */ (this.rows.getRootNode());
    const focused = /** @type {HTMLElement | null} */ (root.activeElement)?.dataset?.id;
    this.rows.replaceChildren(...this.#content(found, query));
    if (focused) this.focus(focused);
  }

  /**
   * @param {Conversation[]} found
   * @param {string} query
   */
  #content(found, query) {
    if (!this.view.ready) return [h("div", { class: "empty", "aria-busy": "true" }, h("p", { class: "muted" }, this.t("inbox.loading")))];
    if (this.all.length === 0) {
      return [h("div", { class: "empty" }, h("strong", {}, this.t("inbox.empty")), h("p", { class: "muted" }, this.t("inbox.empty.text")))];
    }
    if (found.length === 0) return [h("div", { class: "empty" }, h("p", { class: "muted" }, this.t("inbox.nothing", { query: this.query.value })))];
    const more = this.view.more && !query && h("button", { class: "row", type: "button", onclick: this.on.more }, this.t("inbox.more"));
    return [...found.map((conversation) => this.#row(conversation)), ...(more ? [more] : [])];
  }

  /** @param {Conversation} conversation */
  #row(conversation) {
    const { id, contact, last_message: last, unread_count: unread } = conversation;
    const picture = avatar(contact);
    picture.append(h("span", { class: "mark channel" }, icon(ICONS.instagram)));
    return h(
      "button",
      { class: unread > 0 ? "row unread" : "row", type: "button", "data-id": id, "aria-current": id === this.view.selected ? "true" : undefined, onclick: () => this.on.pick(id) },
      picture,
      h("span", { class: "name" }, contact.display_name),
      h("time", { datetime: conversation.last_message_at }, shortTime(conversation.last_message_at, this.language)),
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
