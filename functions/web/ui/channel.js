// @ts-check
/** Where people write, and what differs from one channel to the next. */

import { ICONS } from "./dom.js";

/** @typedef {"instagram" | "messenger"} Channel the word of routes and of the API */

/** @typedef {"ig_user_id" | "page_id"} IdField */

/**
 * What the API calls an account, as far as its channel has it.
 * @typedef {{ ig_user_id?: string | null, ig_username?: string | null, page_id?: string | null, page_name?: string | null }} Named
 */

/**
 * @typedef {object} Facts
 * @property {string} name as people read it
 * @property {string} icon
 * @property {IdField} idField names an account towards the API
 * @property {(named: Named) => string} nameOf what people call an account
 * @property {boolean} hasSecondLogin whether there is a choice between Meta's logins
 * @property {{ most: number, length: (text: string) => number }} text the longest text of one message
 */

const encoder = new TextEncoder();

/** @type {Record<Channel, Facts>} */
const FACTS = {
  instagram: {
    name: "Instagram",
    icon: ICONS.instagram,
    idField: "ig_user_id",
    nameOf: ({ ig_username: username, page_name: page }) => (username ? `@${username}` : (page ?? "")),
    hasSecondLogin: true,
    text: { most: 1000, length: (text) => encoder.encode(text).length },
  },
  messenger: {
    name: "Messenger",
    icon: ICONS.messenger,
    idField: "page_id",
    nameOf: ({ page_name: page }) => page ?? "",
    hasSecondLogin: false,
    text: { most: 2000, length: (text) => text.length },
  },
};

export const CHANNELS = /** @type {Channel[]} */ (Object.keys(FACTS));

/** @param {Channel} channel */
export const factsOf = (channel) => FACTS[channel];

/**
 * The channel that a word names.
 * @param {string | null | undefined} word
 * @returns {Channel | undefined}
 */
export const channelNamed = (word) => CHANNELS.find((channel) => channel === word);

/**
 * Where its accounts are connected.
 * @param {Channel} channel
 */
export const integration = (channel) => `/api/integrations/meta/${channel}`;

/**
 * The texts of a channel: its own ones where it has them, and its name wherever `{channel}` stands.
 * @param {import("./text.js").Translate} t
 * @param {Channel} channel
 * @returns {import("./text.js").Translate}
 */
export function textsOf(t, channel) {
  return (key, values = {}) => {
    const all = { channel: FACTS[channel].name, ...values };
    const own = `${channel}.${key}`;
    const text = t(own, all);
    return text === own ? t(key, all) : text;
  };
}
