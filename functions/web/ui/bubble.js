// @ts-check
/** One message of a thread. Everything that a contact wrote goes in as text, never as markup. */

import { h, icon, ICONS, safeUrl } from "./dom.js";
import { either, meaning } from "./text.js";
import { clock } from "./time.js";

/** @typedef {import("./text.js").Translate} Translate */

/**
 * @typedef {object} Message
 * @property {string} id
 * @property {"inbound" | "outbound"} direction
 * @property {string} author
 * @property {string} kind
 * @property {string} status
 * @property {{ reason: string, title: string, advice: string } | null} error
 * @property {string | null} provider_message_id
 * @property {string | null} text
 * @property {{ type: string, url?: string, title?: string }[]} attachments
 * @property {{ type: "message", mid: string } | { type: "story", url?: string } | null} reply_to
 * @property {{ by: string, emoji: string }[]} reactions
 * @property {string} created_at
 * @property {string | null} edited_at
 * @property {string} [key] of an optimistic message: its idempotency key
 */

/** Kinds that stand in the middle, as something that happened. */
const EVENTS = new Set(["referral", "optin", "thread_control"]);

/** How far an answer has come, at a glance. @type {Record<string, string | undefined>} */
const TICKS = { sent: ICONS.check, delivered: ICONS.checks, read: ICONS.checks };

/** Messages so close together are read as one turn. */
const TURN_MS = 300_000;

/**
 * Whether `next` goes on with what `message` began: its time is then said once, at the end.
 * @param {Message} message
 * @param {Message | undefined} next
 */
export function goesOn(message, next) {
  if (!next || next.direction !== message.direction || EVENTS.has(next.kind)) return false;
  return Date.parse(next.created_at) - Date.parse(message.created_at) < TURN_MS;
}

/**
 * @param {Message} message
 * @param {{ t: Translate, language: string, find: (mid: string) => Message | undefined, again: (message: Message) => void }} thread
 * @param {boolean} followed whether the same side goes on
 */
export function bubble(message, thread, followed) {
  const { t } = thread;
  if (EVENTS.has(message.kind) && !message.text) {
    return h("li", { class: "message event", "data-id": message.id }, t(`message.${message.kind}`));
  }
  const emojis = message.reactions.map(({ emoji }) => emoji).join(" ");
  return h(
    "li",
    { class: `message ${message.direction}`, "data-id": message.id, "data-status": message.status },
    message.reply_to && quote(message.reply_to, thread),
    ...content(message, t),
    message.reactions.length > 0 && h("span", { class: "reactions", role: "img", "aria-label": `${t("message.reactions")}: ${emojis}` }, emojis),
    footer(message, thread, followed),
  );
}

/**
 * @param {NonNullable<Message["reply_to"]>} reply
 * @param {{ t: Translate, find: (mid: string) => Message | undefined }} thread
 */
function quote(reply, { t, find }) {
  const quoted = reply.type === "message" ? find(reply.mid) : undefined;
  const story = reply.type === "story" ? safeUrl(reply.url) : undefined;
  const what = reply.type === "story" ? t("message.story") : (quoted?.text ?? t("message.missing"));
  return h(
    "div",
    { class: "quote" },
    `${t("message.reply")}: `,
    story ? h("a", { href: story, target: "_blank", rel: "noopener noreferrer" }, what) : what,
  );
}

/**
 * @param {Message} message
 * @param {Translate} t
 */
function content(message, t) {
  if (message.status === "deleted") return [h("div", { class: "bubble gone" }, t("message.deleted"))];
  const parts = [];
  if (message.kind === "postback" || message.kind === "story_mention" || message.kind === "comment") {
    parts.push(h("span", { class: "muted" }, t(`message.${message.kind}`)));
  }
  parts.push(...message.attachments.map((attachment) => attached(attachment, t)));
  if (message.text) parts.push(h("div", { class: "bubble" }, message.text));
  const empty = !message.text && message.attachments.length === 0 && message.kind !== "story_mention";
  if (message.kind === "unsupported" || empty) parts.push(h("div", { class: "bubble gone" }, t("message.unsupported")));
  return parts;
}

/**
 * @param {{ type: string, url?: string, title?: string }} attachment
 * @param {Translate} t
 */
function attached({ type, url, title }, t) {
  const href = safeUrl(url);
  const name = title || either(t, type === "story_mention" ? "message.story_mention.attachment" : `message.${type}`, "message.attachment");
  if (href && (type === "image" || type === "sticker")) return picture(href, name, type);
  if (href && type === "audio") return h("div", { class: "attachment" }, h("audio", { controls: true, preload: "none", src: href, "aria-label": name }));
  if (href && type === "video") return h("div", { class: "attachment" }, h("video", { controls: true, preload: "none", src: href, "aria-label": name }));
  const label = [icon(ICONS.link), h("span", {}, name)];
  return href
    ? h("a", { class: "attachment", href, target: "_blank", rel: "noopener noreferrer" }, ...label)
    : h("div", { class: "attachment" }, ...label);
}

/**
 * A picture by its link; a tile in its place once Meta's link has expired.
 * @param {string} href
 * @param {string} name
 * @param {"image" | "sticker"} type
 */
function picture(href, name, type) {
  const image = h("img", { src: href, alt: name, loading: "lazy", referrerpolicy: "no-referrer" });
  const link = h("a", { class: type === "sticker" ? "attachment sticker" : "attachment", href, target: "_blank", rel: "noopener noreferrer" }, image);
  image.addEventListener("error", () => image.replaceWith(icon(ICONS.link), h("span", {}, name)), { once: true });
  return link;
}

/**
 * @param {Message} message
 * @param {{ t: Translate, language: string, again: (message: Message) => void }} thread
 * @param {boolean} followed
 */
function footer(message, { t, language, again }, followed) {
  /** @type {HTMLElement[]} */
  const parts = [h("time", { datetime: message.created_at }, clock(message.created_at, language))];
  if (message.edited_at && message.status !== "deleted") parts.push(h("span", {}, t("message.edited")));
  if (message.author === "app" || message.author === "automation") parts.push(h("span", {}, t(`message.${message.author}`)));
  if (message.direction === "outbound" && message.status !== "deleted") parts.push(state(message, t));
  if (message.error && (message.status === "failed" || message.status === "uncertain")) {
    const { title, text } = meaning(t, `failure.${message.error.reason}`, { title: message.error.title, text: message.error.advice });
    parts.push(h("span", { class: `reason ${message.status === "failed" ? "bad" : "warn"}` }, [title, text].filter(Boolean).join(" ")));
  }
  if (message.status === "failed" && message.text) {
    parts.push(h("button", { class: "link", type: "button", onclick: () => again(message) }, t("composer.again")));
  }
  const onlyTheTime = parts.length === 1;
  return followed && onlyTheTime ? null : h("div", { class: "meta" }, ...parts);
}

/**
 * @param {Message} message
 * @param {Translate} t
 */
function state({ status }, t) {
  const tone = status === "failed" ? "bad" : status === "uncertain" ? "warn" : status === "read" ? "seen" : "";
  const ticks = TICKS[status];
  return h("span", { class: `state ${tone}` }, ticks && icon(ticks, "icon tick"), t(`status.${status}`));
}
