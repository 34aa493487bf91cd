// @ts-check
/** `<buzon-inbox>`: conversations, a thread, answers. */

import { ApiError } from "./api.js";
import { CHANNELS, factsOf } from "./channel.js";
import { Composer } from "./composer.js";
import { ConversationList } from "./conversation-list.js";
import { h } from "./dom.js";
import { BuzonElement } from "./element.js";
import { Live } from "./live.js";
import { Thread } from "./thread.js";

/** How often is asked while nobody tells: a poll costs one read, and nothing changes hands when nothing changed. */
const POLL_MS = 1500;

/** How often the accounts are looked at while nobody tells: a broken one is said above the conversations. */
const ACCOUNTS_MS = 30_000;

/** So many conversations below the first page are asked for at once. */
const FURTHER = 20;

/** Keeps the open conversation and the drafts while the person signs in again, in this tab only. */
const KEPT = "buzon:inbox";

/** @typedef {import("./conversation-list.js").Conversation} Conversation */
/** @typedef {import("./connection-row.js").Connection} Connection */
/** @typedef {import("./channel.js").Channel} Channel */

/**
 * What is loaded of the list of one channel, or of all.
 * @typedef {object} Loaded
 * @property {Set<string>} ids
 * @property {string | null} nextCursor
 * @property {boolean} more whether more than the first page was asked for
 * @property {boolean} ready
 */

export class BuzonInbox extends BuzonElement {
  static observedAttributes = [...BuzonElement.observedAttributes, "settings"];

  constructor() {
    super();
    /** @type {Map<string, Conversation>} */
    this.conversations = new Map();
    /** @type {Channel | undefined} the one that the list is narrowed to */
    this.only = undefined;
    /** @type {Map<Channel | undefined, Loaded>} */
    this.lists = new Map();
    /** @type {string | undefined} */
    this.selected = undefined;
    /** @type {Map<string, string>} */
    this.drafts = new Map();
    /** @type {Map<Channel, Connection[]>} */
    this.accounts = new Map();
    this.ready = false;
    /** Whether a question is under way, and whether somebody has asked since it began. */
    this.polling = false;
    this.again = false;
    /** @type {Set<string>} conversations that have changed, and were not asked for since */
    this.told = new Set();
    /** Whether the last question had no answer: then it is asked again, told or not. */
    this.unanswered = false;
    this.pageTitle = document.title;
    this.region = h("div", { role: "status" });
    this.notices = h("div");
    this.frame = h("div", { class: "inbox" });
    this.root.append(h("div", { class: "frame" }, this.region, this.notices, this.frame));
  }

  start() {
    this.composer = new Composer(this.t, (text) => void this.thread?.send(text));
    this.list = new ConversationList(this.t, this.language, { pick: (id) => void this.open(id), more: () => void this.#more(), only: (channel) => this.#narrow(channel) });
    this.thread = new Thread({
      t: this.t,
      language: this.language,
      api: () => this.api,
      base: () => this.#base(),
      changed: () => void this.#poll(),
      failed: (error) => this.#failed(error),
      back: () => this.#close(),
      composer: this.composer,
    });
    this.frame.replaceChildren(this.list.element, this.thread.element);
    this.#recall();
    this.render();
    const { signal } = this.alive;
    const live = new Live({ api: () => this.api, base: () => this.#base(), changed: (hint) => this.#told(hint), signal });
    this.live = live;
    void live.run();
    void this.repeat(POLL_MS, async () => void ((live.isOpen && !this.unanswered) || (await this.#poll())));
    void this.repeat(ACCOUNTS_MS, async () => void (live.isOpen || (await this.#lookAtAccounts())));
    window.addEventListener("online", () => void this.#poll(), { signal });
    // Somebody who comes back may have connected an account meanwhile.
    window.addEventListener("focus", () => void this.#lookAtAccounts(), { signal });
    // A card on the same page knows first what is connected.
    document.addEventListener("buzon-status", (event) => this.#learn([/** @type {CustomEvent} */ (event).detail]), { signal });
    window.addEventListener("pagehide", () => this.#keep(), { signal });
    signal.addEventListener("abort", () => (document.title = this.pageTitle));
  }

  /** @returns {Promise<string>} */
  async #base() {
    return `/api/tenants/${encodeURIComponent(await this.tenant())}`;
  }

  /**
   * Opens a conversation.
   * @param {string} id
   * @param {boolean} [focus]
   */
  async open(id, focus = true) {
    const { composer, thread } = this;
    const conversation = this.conversations.get(id);
    if (!composer || !thread || !conversation) return;
    if (this.selected && this.selected !== id) this.drafts.set(this.selected, composer.input.value);
    this.selected = id;
    this.frame.classList.add("open");
    composer.open(this.drafts.get(id) ?? "", conversation, this.#hindranceOf(conversation));
    if (composer.hindrance) void this.#lookAtAccounts();
    this.#renderList();
    try {
      await thread.open(conversation, this.#accountOf(conversation), focus);
      await this.#markRead(conversation);
    } catch (error) {
      this.#failed(error);
    }
  }

  #close() {
    this.frame.classList.remove("open");
    if (this.selected) this.list?.focus(this.selected);
  }

  /** Of the list that is shown. */
  get #loaded() {
    return this.#listOf(this.only);
  }

  /**
   * What is loaded of the conversations of one channel, or of all.
   * @param {Channel | undefined} only
   * @returns {Loaded}
   */
  #listOf(only) {
    const loaded = this.lists.get(only) ?? this.#begun(only);
    this.lists.set(only, loaded);
    return loaded;
  }

  /**
   * A list that nobody has asked for yet: of one channel, it begins with what is known from the list of all.
   * @param {Channel | undefined} only
   * @returns {Loaded}
   */
  #begun(only) {
    const known = [...(this.lists.get(undefined)?.ids ?? [])].filter((id) => this.conversations.get(id)?.channel === only);
    return { ids: new Set(known), nextCursor: null, more: false, ready: known.length > 0 };
  }

  /**
   * Shows the conversations of one channel, or of all.
   * @param {Channel | undefined} channel
   */
  #narrow(channel) {
    this.only = channel;
    this.#renderList();
    void this.#poll();
  }

  /**
   * @param {Channel | undefined} only
   * @param {string} [cursor]
   */
  async #conversations(only, cursor = "") {
    const query = new URLSearchParams({ limit: "50" });
    if (only) query.set("channel", only);
    if (cursor) query.set("cursor", cursor);
    return this.api.get(`${await this.#base()}/conversations?${query}`, this.alive.signal);
  }

  /** @param {import("./live.js").Hint} hint */
  #told({ conversations, connections }) {
    for (const id of conversations) this.told.add(id);
    void this.#poll();
    if (connections) void this.#lookAtAccounts();
  }

  /** One question at a time, so that an older answer replaces no newer one; whoever asks meanwhile is answered by one more. */
  async #poll() {
    this.again = true;
    if (this.polling) return;
    this.polling = true;
    try {
      while (this.again && !this.alive.signal.aborted) {
        this.again = false;
        await this.#look();
      }
    } finally {
      this.polling = false;
    }
  }

  async #look() {
    try {
      await this.#firstPage();
      const first = !this.ready;
      this.ready = true;
      this.unanswered = false;
      this.say(this.region, undefined);
      await this.#lookFurther();
      if (first && this.selected) await this.open(this.selected, false);
      else await this.#refreshThread();
    } catch (error) {
      this.#failed(error);
    }
    this.composer?.update();
  }

  /** The newest conversations of the list that is shown; and of all, since what is unread on another channel counts too. */
  async #firstPage() {
    const shown = [...new Set([undefined, this.only])];
    const pages = await Promise.all(shown.map((only) => this.#conversations(only)));
    for (const [index, only] of shown.entries()) {
      const loaded = this.#listOf(only);
      loaded.ready = true;
      if (!loaded.more) loaded.nextCursor = pages[index].next_cursor;
      this.#take(pages[index].conversations, loaded);
    }
  }

  /** Asks for each row that has changed: the list's index may be behind it, or it is further down than the first page. */
  async #lookFurther() {
    const changed = [...this.told].filter((id) => this.conversations.has(id)).slice(0, FURTHER);
    this.told.clear();
    if (changed.length === 0) return;
    const base = await this.#base();
    this.#take(await Promise.all(changed.map((id) => this.api.get(`${base}/conversations/${id}`, this.alive.signal))));
  }

  async #refreshThread() {
    const conversation = this.selected ? this.conversations.get(this.selected) : undefined;
    if (!conversation || !this.thread) return;
    await this.thread.refresh(conversation);
    if (this.composer) this.composer.window = conversation;
    if (!document.hidden) await this.#markRead(conversation);
  }

  async #lookAtAccounts() {
    try {
      const cards = await this.api.get("/api/integrations/status", this.alive.signal);
      this.#learn(CHANNELS.map((channel) => ({ channel, connections: cards[channel]?.connections ?? [] })));
    } catch (error) {
      // What is connected is only said beside the conversations; they say themselves when nobody answers.
      if (!(error instanceof ApiError) && !(error instanceof DOMException)) throw error;
    }
  }

  /** @param {{ channel: Channel, connections: Connection[] }[]} cards */
  #learn(cards) {
    for (const { channel, connections } of cards) this.accounts.set(channel, connections);
    const open = this.selected && this.conversations.get(this.selected);
    if (open) this.composer?.hinder(this.#hindranceOf(open));
    this.render();
  }

  /**
   * The account that a conversation is with, as far as it is known.
   * @param {Conversation} conversation
   */
  #connectionOf(conversation) {
    const { idField } = factsOf(conversation.channel);
    return this.accounts.get(conversation.channel)?.find((connection) => connection[idField] === conversation[idField]);
  }

  /**
   * What keeps the account of a conversation from answering, once it is known which there are.
   * @param {Conversation} conversation
   * @returns {import("./composer.js").Hindrance | undefined}
   */
  #hindranceOf(conversation) {
    if (!this.accounts.has(conversation.channel)) return undefined;
    const connection = this.#connectionOf(conversation);
    if (connection?.status === "active" || connection?.status === "pending") return undefined;
    const { name, nameOf } = factsOf(conversation.channel);
    return { why: connection?.status === "paused" ? "paused" : "disconnected", account: (connection && nameOf(connection)) || name };
  }

  /**
   * The account's name, where its channel has several to tell apart.
   * @param {Conversation} conversation
   */
  #accountOf(conversation) {
    const several = (this.accounts.get(conversation.channel) ?? []).length > 1;
    const account = several && this.#connectionOf(conversation);
    return account ? factsOf(conversation.channel).nameOf(account) : undefined;
  }

  /** The channels through which messages come in, as far as it is known. */
  #connected() {
    return CHANNELS.filter((channel) => this.accounts.get(channel)?.some(({ status }) => status !== "revoked"));
  }

  /**
   * @param {Conversation[]} conversations
   * @param {Loaded} [loaded] the list that they are of
   */
  #take(conversations, loaded) {
    for (const conversation of conversations) {
      this.conversations.set(conversation.id, conversation);
      loaded?.ids.add(conversation.id);
    }
    this.#renderList();
  }

  render() {
    const settings = this.getAttribute("settings");
    const go = settings && h("a", { href: settings }, this.t("inbox.connect.go"));
    const said = [...this.accounts].flatMap(([channel, connections]) => {
      const broken = connections.filter(({ status }) => status === "error");
      return broken.map((connection) => this.t("inbox.broken", { account: factsOf(channel).nameOf(connection) }));
    });
    const known = CHANNELS.every((channel) => this.accounts.has(channel));
    if (known && this.#connected().length === 0) said.push(this.t("inbox.connect"));
    this.draw(this.notices, ...said.map((text) => h("div", { class: "notice warn" }, h("p", {}, `${text} `, go && go.cloneNode(true)))));
    this.#renderList();
  }

  #renderList() {
    const all = [...this.conversations.values()].sort((a, b) => (b.last_message_at ?? "").localeCompare(a.last_message_at ?? ""));
    const { ids, nextCursor, ready } = this.#loaded;
    const connected = this.#connected();
    const channels = CHANNELS.filter((channel) => connected.includes(channel) || all.some((conversation) => conversation.channel === channel));
    const shown = all.filter(({ id }) => ids.has(id));
    this.list?.render(shown, { selected: this.selected, more: nextCursor !== null, ready, only: this.only, channels, connected });
    if (this.thread) this.thread.invitation.hidden = all.length === 0;
    const unread = all.reduce((sum, { unread_count: count }) => sum + count, 0);
    document.title = unread > 0 ? `(${unread}) ${this.pageTitle}` : this.pageTitle;
  }

  async #more() {
    const loaded = this.#loaded;
    if (!loaded.nextCursor) return;
    try {
      const page = await this.#conversations(this.only, loaded.nextCursor);
      loaded.more = true;
      loaded.nextCursor = page.next_cursor;
      this.#take(page.conversations, loaded);
    } catch (error) {
      this.#failed(error);
    }
  }

  /** @param {Conversation} conversation */
  async #markRead(conversation) {
    const readUpTo = this.thread?.readUpTo;
    if (conversation.unread_count === 0 || !readUpTo) return;
    const read = await this.api.change("POST", `${await this.#base()}/conversations/${conversation.id}/read`, { up_to: readUpTo });
    this.#take([read]);
  }

  /** @param {unknown} error */
  #failed(error) {
    if (error instanceof DOMException && error.name === "AbortError") return;
    if (!(error instanceof ApiError)) throw error;
    this.unanswered = true;
    if (error.status >= 500) this.say(this.region, { tone: "warn", title: this.t("inbox.offline") });
    else this.say(this.region, { tone: "warn", ...error.explain(this.t) });
  }

  #keep() {
    if (this.selected && this.composer) this.drafts.set(this.selected, this.composer.input.value);
    const kept = { selected: this.selected, drafts: [...this.drafts].filter(([, text]) => text) };
    sessionStorage.setItem(KEPT, JSON.stringify(kept));
  }

  #recall() {
    const kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    sessionStorage.removeItem(KEPT);
    if (!kept) return;
    this.selected = kept.selected;
    this.drafts = new Map(kept.drafts);
  }
}
