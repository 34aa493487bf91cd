// @ts-check
/** The messages with one contact, oldest at the top, and what is written but not yet confirmed. */

import { ApiError } from "./api.js";
import { bubble } from "./bubble.js";
import { avatar } from "./conversation-list.js";
import { h, icon, ICONS } from "./dom.js";
import { dayName } from "./time.js";

/** @typedef {import("./bubble.js").Message} Message */
/** @typedef {import("./conversation-list.js").Conversation} Conversation */

/**
 * @typedef {object} Surroundings
 * @property {import("./text.js").Translate} t
 * @property {string} language
 * @property {() => import("./api.js").Api} api
 * @property {() => Promise<string>} base
 * @property {() => void} changed
 * @property {() => void} back
 * @property {import("./composer.js").Composer} composer
 */

export class Thread {
  /** @param {Surroundings} around */
  constructor(around) {
    this.around = around;
    const { t } = around;
    /** @type {Conversation | undefined} */
    this.conversation = undefined;
    /** @type {Map<string, Message>} */
    this.messages = new Map();
    /** @type {Map<string, Message>} by idempotency key */
    this.pending = new Map();
    /** @type {string | null} */
    this.nextCursor = null;
    this.loadedOlder = false;
    this.drawn = "";
    this.head = h("div", { class: "head" });
    this.list = h("ol", { class: "messages", role: "log", "aria-live": "polite" });
    this.older = h("button", { class: "button quiet small", type: "button", onclick: () => void this.#loadOlder() }, t("inbox.older"));
    this.top = h("div", { class: "empty" }, this.older);
    this.top.hidden = true;
    this.scroll = h("div", { class: "scroll", tabindex: "0", "aria-label": t("inbox.title"), onscroll: () => this.scroll.scrollTop < 80 && void this.#loadOlder() }, this.top, this.list);
    this.element = h("section", { class: "thread" }, h("div", { class: "empty" }, h("p", { class: "muted" }, t("inbox.pick"))));
  }

  /** @param {Conversation} conversation */
  async open(conversation) {
    this.conversation = conversation;
    this.messages.clear();
    this.pending.clear();
    this.nextCursor = null;
    this.loadedOlder = false;
    this.drawn = "";
    this.list.replaceChildren();
    this.element.replaceChildren(this.head, this.scroll, this.around.composer.element);
    this.#renderHead(conversation);
    await this.refresh(conversation);
    this.scroll.scrollTop = this.scroll.scrollHeight;
  }

  /**
   * Reads the newest messages.
   * @param {Conversation} conversation
   */
  async refresh(conversation) {
    const page = await this.around.api().get(await this.#path(conversation.id, "?limit=50"));
    if (this.conversation?.id !== conversation.id) return;
    this.conversation = conversation;
    if (!this.loadedOlder) this.nextCursor = page.next_cursor;
    this.#take(page.messages);
    this.#renderHead(conversation);
  }

  /**
   * @param {string} id
   * @param {string} rest
   */
  async #path(id, rest) {
    return `${await this.around.base()}/conversations/${id}/messages${rest}`;
  }

  async #loadOlder() {
    const { conversation, nextCursor: cursor } = this;
    if (!conversation || !cursor) return;
    this.nextCursor = null; // one page at a time
    const page = await this.around.api().get(await this.#path(conversation.id, `?limit=50&cursor=${encodeURIComponent(cursor)}`));
    if (this.conversation?.id !== conversation.id) return;
    this.loadedOlder = true;
    this.nextCursor = page.next_cursor;
    const before = this.scroll.scrollHeight - this.scroll.scrollTop;
    this.#take(page.messages);
    this.scroll.scrollTop = this.scroll.scrollHeight - before;
  }

  /** @param {Message[]} messages */
  #take(messages) {
    for (const message of messages) this.messages.set(message.id, message);
    for (const [key, message] of this.pending) if (this.messages.has(message.id)) this.pending.delete(key);
    this.#render();
  }

  /**
   * Shows an answer at once and sends it.
   * @param {string} text
   */
  async send(text) {
    const key = crypto.randomUUID();
    /** @type {Message} */
    const message = {
      id: `~${key}`, key, text, direction: "outbound", author: "agent", kind: "message", status: "queued", error: null,
      provider_message_id: null, attachments: [], reply_to: null, reactions: [], created_at: new Date().toISOString(), edited_at: null,
    };
    await this.#deliver(message);
  }

  /**
   * The key makes a second try safe, whatever became of the first.
   * @param {Message} message
   */
  async #deliver(message) {
    const { conversation } = this;
    const key = message.key ?? "";
    if (!conversation) return;
    this.pending.set(key, { ...message, status: "queued", error: null });
    this.#render();
    this.scroll.scrollTop = this.scroll.scrollHeight;
    try {
      const path = `${await this.around.base()}/instagram/messages/send`;
      const accepted = await this.around.api().change("POST", path, { conversationId: conversation.id, text: message.text }, { "idempotency-key": key });
      this.pending.delete(key);
      if (this.conversation?.id === conversation.id) this.#take([accepted]);
    } catch (error) {
      this.pending.set(key, { ...message, status: "failed", error: this.#explain(error) });
      this.#render();
    }
    this.around.changed();
  }

  /** @param {unknown} error */
  #explain(error) {
    if (!(error instanceof ApiError)) throw error;
    if (error.offline) return { title: this.around.t("inbox.offline"), advice: "" };
    return { title: error.problem.title ?? this.around.t("error.other"), advice: error.problem.detail ?? "" };
  }

  /** @param {Conversation} conversation */
  #renderHead(conversation) {
    const { t, back } = this.around;
    const { contact } = conversation;
    const handle = contact.username && contact.username !== contact.display_name ? `@${contact.username}` : "";
    if (this.head.dataset.id === `${conversation.id}${contact.display_name}${conversation.handled_elsewhere}`) return;
    this.head.dataset.id = `${conversation.id}${contact.display_name}${conversation.handled_elsewhere}`;
    this.head.replaceChildren(
      h("button", { class: "back", type: "button", "aria-label": t("inbox.back"), onclick: back }, icon(ICONS.back)),
      avatar(contact),
      h("div", {}, h("h3", {}, contact.display_name), h("span", { class: "muted" }, handle)),
    );
    if (conversation.handled_elsewhere) this.head.append(h("span", { class: "badge warn" }, t("inbox.elsewhere")));
  }

  #render() {
    const all = [...this.messages.values()].sort((a, b) => a.id.localeCompare(b.id)).concat([...this.pending.values()]);
    this.top.hidden = this.nextCursor === null;
    const drawing = JSON.stringify(all);
    if (drawing === this.drawn) return;
    this.drawn = drawing;
    const atEnd = this.scroll.scrollHeight - this.scroll.scrollTop - this.scroll.clientHeight < 120;
    this.list.replaceChildren(...this.#rows(all));
    if (atEnd) this.scroll.scrollTop = this.scroll.scrollHeight;
  }

  /** @param {Message[]} all */
  #rows(all) {
    const { t, language } = this.around;
    const byMid = new Map(all.map((message) => [message.provider_message_id, message]));
    const thread = { t, language, find: (/** @type {string} */ mid) => byMid.get(mid), again: (/** @type {Message} */ message) => void this.#deliver(message) };
    let day = "";
    return all.flatMap((message) => {
      const name = dayName(message.created_at, language, t);
      const separator = name === day ? [] : [h("li", { class: "day" }, name)];
      day = name;
      return [...separator, bubble(message, thread)];
    });
  }
}
