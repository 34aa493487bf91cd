// @ts-check
/** `<buzon-inbox>`: conversations, a thread, answers. */

import { ApiError } from "./api.js";
import { Composer } from "./composer.js";
import { h, icon, ICONS } from "./dom.js";
import { BuzonElement } from "./element.js";
import { ConversationList } from "./conversation-list.js";
import { Thread } from "./thread.js";

/** New messages appear within two seconds: a poll costs one read, and nothing changes hands when nothing changed. */
const POLL_MS = 1500;

/** @typedef {import("./conversation-list.js").Conversation} Conversation */
/** @typedef {import("./bubble.js").Message} Message */

export class BuzonInbox extends BuzonElement {
  constructor() {
    super();
    /** @type {Map<string, Conversation>} */
    this.conversations = new Map();
    /** @type {string | null} */
    this.nextCursor = null;
    this.loadedMore = false;
    /** @type {string | undefined} */
    this.selected = undefined;
    /** @type {Map<string, string>} */
    this.drafts = new Map();
    this.ready = false;
    this.offline = false;
    this.title = document.title;
  }

  start() {
    this.list = new ConversationList(this.t, this.language, {
      pick: (id) => void this.open(id),
      more: () => void this.#more(),
    });
    this.composer = new Composer(this.t, (text) => void this.thread?.send(text));
    this.thread = new Thread({
      t: this.t,
      language: this.language,
      api: () => this.api,
      base: () => this.#base(),
      changed: () => void this.#poll(),
      back: () => this.#close(),
      composer: this.composer,
    });
    this.frame = h("div", { class: "inbox" }, this.list.element, this.thread.element);
    this.banner = h("div", { role: "status", "aria-live": "polite" });
    this.show(h("div", { class: "frame" }, this.banner, this.frame));
    void this.repeat(POLL_MS, () => this.#poll());
    const { signal } = this.alive;
    window.addEventListener("online", () => void this.#poll(), { signal });
    signal.addEventListener("abort", () => (document.title = this.title));
  }

  /** @returns {Promise<string>} */
  async #base() {
    return `/api/tenants/${encodeURIComponent(await this.tenant())}`;
  }

  /**
   * Opens a conversation.
   * @param {string} id
   */
  async open(id) {
    const { composer, thread } = this;
    const conversation = this.conversations.get(id);
    if (!composer || !thread || !conversation) return;
    if (this.selected) this.drafts.set(this.selected, composer.input.value);
    this.selected = id;
    this.frame?.classList.add("open");
    composer.open(this.drafts.get(id) ?? "", conversation);
    this.#renderList();
    await thread.open(conversation);
    await this.#markRead(conversation);
  }

  #close() {
    this.frame?.classList.remove("open");
    const id = this.selected;
    if (id) this.list?.focus(id);
  }

  async #poll() {
    try {
      const page = await this.api.get(`${await this.#base()}/conversations?limit=50`, this.alive.signal);
      this.#take(page.conversations);
      if (!this.loadedMore) this.nextCursor = page.next_cursor;
      this.ready = true;
      this.#online(true);
      await this.#refreshThread();
    } catch (error) {
      this.#failed(error);
    }
    this.composer?.update();
  }

  async #refreshThread() {
    const conversation = this.selected ? this.conversations.get(this.selected) : undefined;
    if (!conversation || !this.thread) return;
    await this.thread.refresh(conversation);
    if (this.composer) this.composer.window = conversation;
    if (conversation.unread_count > 0 && !document.hidden) await this.#markRead(conversation);
  }

  /** @param {Conversation[]} conversations */
  #take(conversations) {
    for (const conversation of conversations) this.conversations.set(conversation.id, conversation);
    this.#renderList();
  }

  #renderList() {
    const all = [...this.conversations.values()].sort((a, b) => (b.last_message_at ?? "").localeCompare(a.last_message_at ?? ""));
    this.list?.render(all, { selected: this.selected, more: this.nextCursor !== null, ready: this.ready });
    const unread = all.reduce((sum, { unread_count: count }) => sum + count, 0);
    document.title = unread > 0 ? `(${unread}) ${this.title}` : this.title;
  }

  async #more() {
    if (!this.nextCursor) return;
    try {
      const page = await this.api.get(`${await this.#base()}/conversations?limit=50&cursor=${encodeURIComponent(this.nextCursor)}`, this.alive.signal);
      this.loadedMore = true;
      this.nextCursor = page.next_cursor;
      this.#take(page.conversations);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** @param {Conversation} conversation */
  async #markRead(conversation) {
    if (conversation.unread_count === 0) return;
    try {
      const read = await this.api.change("POST", `${await this.#base()}/conversations/${conversation.id}/read`);
      this.#take([read]);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** @param {unknown} error */
  #failed(error) {
    if (error instanceof DOMException && error.name === "AbortError") return;
    if (!(error instanceof ApiError)) throw error;
    if (error.offline || error.status >= 500) this.#online(false);
    else this.#say(error.status === 401 ? this.t("error.session") : (error.problem.title ?? this.t("inbox.failed")));
  }

  /** @param {boolean} online */
  #online(online) {
    if (online) this.banner?.replaceChildren();
    else this.#say(this.t("inbox.offline"));
  }

  /** @param {string} text */
  #say(text) {
    this.banner?.replaceChildren(h("div", { class: "notice warn" }, icon(ICONS.alert), text));
  }
}
