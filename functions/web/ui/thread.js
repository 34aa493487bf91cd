// @ts-check
/** The messages with one contact, oldest at the top, and what is written but not yet confirmed. */

import { ApiError } from "./api.js";
import { bubble, goesOn } from "./bubble.js";
import { factsOf, textsOf } from "./channel.js";
import { face, nameOfContact } from "./conversation-list.js";
import { h, icon, ICONS, reconcile } from "./dom.js";
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
 * @property {(error: unknown) => void} failed
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
    /** @type {Map<string, { conversation: string, message: Message }>} by idempotency key, of every conversation */
    this.pending = new Map();
    /** @type {string | null} */
    this.nextCursor = null;
    /** @type {string | null} what was read by who sees the newest messages */
    this.readUpTo = null;
    this.loadedOlder = false;
    this.ready = false;
    /** Whether the newest message is in sight, so that the next one is to be as well. */
    this.atEnd = true;
    this.head = h("div", { class: "head" });
    this.list = h("ol", { class: "messages" });
    this.older = h("button", { class: "button quiet small", type: "button", onclick: () => void this.#loadOlder() }, t("inbox.older"));
    this.top = h("div", { class: "top" });
    this.scroll = h("div", { class: "scroll", role: "log", tabindex: "0", onscroll: () => this.#scrolled() }, this.top, this.list);
    this.invitation = h("div", { class: "empty", hidden: true }, icon(ICONS.chat, "icon big"), h("p", { class: "muted" }, t("inbox.pick")));
    this.element = h("section", { class: "thread", "aria-label": t("inbox.pick") }, this.invitation);
    new ResizeObserver(() => this.atEnd && this.#toEnd()).observe(this.list);
  }

  /**
   * @param {Conversation} conversation
   * @param {string} [account] which of several accounts it is with
   * @param {boolean} [focus] whether a person has asked for it: the focus is theirs, not the page's
   */
  async open(conversation, account, focus = true) {
    const { t, composer } = this.around;
    this.conversation = conversation;
    this.account = account;
    this.messages.clear();
    this.nextCursor = null;
    this.readUpTo = null;
    this.loadedOlder = false;
    this.ready = false;
    this.atEnd = true;
    this.scroll.setAttribute("aria-label", t("inbox.messages", { name: nameOfContact(conversation, t) }));
    this.element.setAttribute("aria-label", nameOfContact(conversation, t));
    this.element.replaceChildren(this.head, this.scroll, composer.element);
    this.#renderHead(conversation);
    this.#render();
    if (focus) this.#focus();
    await this.refresh(conversation);
    this.#toEnd();
  }

  /** Where there is room for both, the answer is written at once; where not, a keyboard would cover what was written. */
  #focus() {
    const back = this.head.querySelector("button");
    if (back && getComputedStyle(back).display !== "none") back.focus({ preventScroll: true });
    else this.around.composer.input.focus({ preventScroll: true });
  }

  #toEnd() {
    this.scroll.scrollTop = this.scroll.scrollHeight;
  }

  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroll;
    this.atEnd = scrollHeight - scrollTop - clientHeight < 120;
    if (scrollTop < 80) void this.#loadOlder();
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
    this.ready = true;
    this.readUpTo = page.read_up_to;
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
    try {
      const page = await this.around.api().get(await this.#path(conversation.id, `?limit=50&cursor=${encodeURIComponent(cursor)}`));
      if (this.conversation?.id !== conversation.id) return;
      this.loadedOlder = true;
      this.nextCursor = page.next_cursor;
      const before = this.scroll.scrollHeight - this.scroll.scrollTop;
      this.#take(page.messages);
      this.scroll.scrollTop = this.scroll.scrollHeight - before;
    } catch (error) {
      this.nextCursor = cursor;
      this.around.failed(error);
    }
  }

  /** @param {Message[]} messages */
  #take(messages) {
    for (const message of messages) this.messages.set(message.id, message);
    this.#render();
  }

  /**
   * Shows an answer at once and sends it.
   * @param {string} text
   */
  async send(text) {
    const key = randomKey();
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
    if (!this.conversation) return;
    const { id, channel } = this.conversation;
    const key = message.key ?? "";
    this.pending.set(key, { conversation: id, message: { ...message, status: "queued", error: null } });
    this.#render();
    this.#toEnd();
    try {
      const path = `${await this.around.base()}/${channel}/messages/send`;
      const accepted = await this.around.api().change("POST", path, { conversationId: id, text: message.text }, { "idempotency-key": key });
      this.pending.delete(key);
      if (this.conversation?.id === id) this.#take([accepted]);
    } catch (error) {
      this.pending.set(key, { conversation: id, message: { ...message, status: "failed", error: this.#explain(error, channel) } });
      if (error instanceof ApiError && error.kind === "reply-window-closed") this.around.composer.closeWindow(id);
      this.#render();
    }
    this.around.changed();
  }

  /**
   * Sends what was refused once more: the same try where it never arrived at the server, else as a new message.
   * @param {Message} message
   */
  #again(message) {
    void (message.key ? this.#deliver(message) : this.send(message.text ?? ""));
  }

  /**
   * @param {unknown} error
   * @param {import("./channel.js").Channel} channel
   */
  #explain(error, channel) {
    if (!(error instanceof ApiError)) throw error;
    const t = textsOf(this.around.t, channel);
    if (error.offline) return { reason: "offline", title: t("composer.offline"), advice: "" };
    const { title, text } = error.explain(t);
    return { reason: error.kind, title, advice: text ?? "" };
  }

  /** @param {Conversation} conversation */
  #renderHead(conversation) {
    const { t, back } = this.around;
    const { channel, contact } = conversation;
    const handle = contact.username && contact.username !== contact.display_name ? `@${contact.username}` : factsOf(channel).name;
    const drawing = JSON.stringify([conversation.id, contact, conversation.handled_elsewhere, this.account]);
    if (this.head.dataset.drawing === drawing) return;
    this.head.dataset.drawing = drawing;
    const detail = [handle, this.account && t("inbox.to", { account: this.account })].filter(Boolean).join(" · ");
    this.head.replaceChildren(
      h("button", { class: "back", type: "button", "aria-label": t("inbox.back"), onclick: back }, icon(ICONS.back)),
      face(conversation, t),
      h("div", { class: "who" }, h("h2", {}, nameOfContact(conversation, t)), h("span", { class: "muted" }, detail)),
    );
    if (conversation.handled_elsewhere) this.head.append(h("span", { class: "badge warn" }, t("inbox.elsewhere")));
  }

  #render() {
    const { t } = this.around;
    const waiting = [...this.pending.values()].filter(({ conversation }) => conversation === this.conversation?.id);
    const all = [...this.messages.values()].sort((a, b) => a.id.localeCompare(b.id)).concat(waiting.map(({ message }) => message));
    const top = !this.ready ? loading(t) : this.nextCursor ? this.older : h("p", { class: "muted" }, t("inbox.beginning"));
    this.top.replaceChildren(top);
    reconcile(this.list, this.#rows(all));
  }

  /**
   * @param {Message[]} all
   * @returns {import("./dom.js").Row[]}
   */
  #rows(all) {
    const { language } = this.around;
    const t = textsOf(this.around.t, this.conversation?.channel ?? "instagram");
    const byMid = new Map(all.map((message) => [message.provider_message_id, message]));
    const thread = { t, language, find: (/** @type {string} */ mid) => byMid.get(mid), again: (/** @type {Message} */ message) => this.#again(message) };
    let day = "";
    return all.flatMap((message, index) => {
      const name = dayName(message.created_at, language, t);
      const separator = name === day ? [] : [{ key: `day ${name}`, drawing: name, make: () => h("li", { class: "day" }, name) }];
      day = name;
      const quoted = message.reply_to?.type === "message" ? byMid.get(message.reply_to.mid)?.text : undefined;
      const followed = goesOn(message, all[index + 1]);
      return [...separator, { key: message.id, drawing: JSON.stringify([message, quoted, followed]), make: () => bubble(message, thread, followed) }];
    });
  }
}

/**
 * Stands where the messages will be.
 * @param {import("./text.js").Translate} t
 */
function loading(t) {
  const sides = ["inbound", "outbound", "inbound"];
  return h("div", { class: "messages" }, h("p", { class: "visually-hidden" }, t("inbox.loading")), ...sides.map((side) => h("div", { class: `message ${side}` }, h("span", { class: "skeleton bubble" }))));
}

/** A random name. `crypto.randomUUID` is missing on pages without TLS, as those under development on a name of their own. */
function randomKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
