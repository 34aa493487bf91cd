// @ts-check
/** Chooses a language and fills in what a text leaves open. */

import en from "./text-en.js";
import es from "./text-es.js";

/** @type {Record<string, Record<string, string>>} */
const TEXTS = { es, en };

/** @typedef {(key: string, values?: Record<string, string | number>) => string} Translate */

/**
 * @param {string} language `es`, `en-GB`, …
 * @param {string} brand
 * @returns {Translate}
 */
export function translator(language, brand) {
  const texts = TEXTS[language.slice(0, 2).toLowerCase()] ?? TEXTS.es;
  return (key, values = {}) => {
    /** @type {Record<string, string | number>} */
    const all = { brand, channel: "Meta", ...values };
    return (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => String(all[name] ?? whole));
  };
}

/**
 * The text of `key`, or of `fallback` where nobody wrote one.
 * @param {Translate} t
 * @param {string} key
 * @param {string} fallback
 */
export function either(t, key, fallback) {
  const text = t(key);
  return text === key ? t(fallback) : text;
}

/**
 * What a stable word of the server's means: our text where there is one, else the server's own sentence.
 * @param {Translate} t
 * @param {string} key as `failure.window_closed`
 * @param {{ title?: string, text?: string }} said
 * @returns {{ title: string, text?: string }}
 */
export function meaning(t, key, said) {
  const title = t(key);
  if (title !== key) {
    const text = t(`${key}.text`);
    return { title, text: text === `${key}.text` ? undefined : text };
  }
  return { title: said.title ?? t("error.other"), text: said.text };
}
