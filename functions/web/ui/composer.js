// @ts-check
/** Where an answer is written: counts its length, counts the window down, says why it is closed. */

import { factsOf, textsOf } from "./channel.js";
import { h, icon, ICONS } from "./dom.js";
import { duration } from "./time.js";

/**
 * What keeps the account itself from answering.
 * @typedef {{ why: "disconnected" | "paused", account: string }} Hindrance
 */

/** @typedef {{ id: string, channel: import("./channel.js").Channel, reply_until: string | null, human_agent_until: string | null }} Window */

export class Composer {
  /**
   * @param {import("./text.js").Translate} t
   * @param {(text: string) => void} send
   */
  constructor(t, send) {
    this.t = t;
    this.sendText = send;
    /** @type {Window} */
    this.window = { id: "", channel: "instagram", reply_until: null, human_agent_until: null };
    /** @type {Hindrance | undefined} */
    this.hindrance = undefined;
    /** @type {Set<string>} conversations in which Meta's longer window turned out not to be open to this app */
    this.refused = new Set();
    this.input = h("textarea", {
      rows: "1",
      "aria-label": t("composer.label"),
      placeholder: t("composer.label"),
      "aria-describedby": "composer-hint",
      oninput: () => this.update(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
    });
    this.button = h("button", { class: "button", type: "submit", "aria-label": t("composer.send") }, icon(ICONS.send));
    this.hint = h("span", { id: "composer-hint", class: "muted" });
    this.length = h("span", { class: "muted", role: "status" });
    this.element = h(
      "form",
      { class: "composer", onsubmit: (/** @type {Event} */ event) => this.#submit(event) },
      h("div", { class: "line" }, this.input, this.button),
      h("div", { class: "below" }, this.hint, this.length),
    );
  }

  /**
   * Shows another conversation's draft and window.
   * @param {string} draft
   * @param {Window} window
   * @param {Hindrance} [hindrance]
   */
  open(draft, window, hindrance) {
    this.input.value = draft;
    this.window = window;
    this.hinder(hindrance);
  }

  /**
   * Closes it while its account cannot answer; a draft stays.
   * @param {Hindrance} [hindrance]
   */
  hinder(hindrance) {
    this.hindrance = hindrance;
    this.update();
  }

  /**
   * Remembers that only the 24 hours count for a conversation.
   * @param {string} id
   */
  closeWindow(id) {
    this.refused.add(id);
    this.update();
  }

  /** What the account and the window allow now. */
  get #permission() {
    if (this.hindrance) return this.hindrance.why;
    const now = Date.now();
    const { id, reply_until: until, human_agent_until: human } = this.window;
    if (!until) return "never";
    if (now < Date.parse(until)) return "open";
    return human && now < Date.parse(human) && !this.refused.has(id) ? "human" : "closed";
  }

  /** Recounts; called as time passes as well. */
  update() {
    const permission = this.#permission;
    const open = permission === "open" || permission === "human";
    const { channel } = this.window;
    const { most, length } = factsOf(channel).text;
    const [t, used] = [textsOf(this.t, channel), length(this.input.value)];
    const tooLong = used > most;
    this.input.disabled = !open;
    this.button.disabled = !open || tooLong || this.input.value.trim() === "";
    this.hint.replaceChildren(
      icon(open ? ICONS.clock : ICONS.lock),
      permission === "open"
        ? t("composer.until", { time: duration(Date.parse(this.window.reply_until ?? "") - Date.now()) })
        : t(`composer.${permission}`, { account: this.hindrance?.account ?? "" }),
    );
    this.length.className = tooLong ? "bad" : "muted";
    this.length.textContent = t(tooLong ? "composer.too_long" : "composer.length", { used, most });
    this.length.hidden = used < most * 0.6;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const plainEnter = event.key === "Enter" && !event.shiftKey && !event.isComposing;
    if (plainEnter) this.#submit(event);
  }

  /** @param {Event} event */
  #submit(event) {
    event.preventDefault();
    if (this.button.disabled) return;
    const text = this.input.value.trim();
    this.input.value = "";
    this.update();
    this.sendText(text);
  }
}
