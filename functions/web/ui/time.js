// @ts-check
/** Times as people say them. */

/** @typedef {import("./text.js").Translate} Translate */

/**
 * @param {Date} date
 * @param {Date} now
 */
function sameDay(date, now) {
  return date.toDateString() === now.toDateString();
}

/** @param {Date} now */
function yesterday(now) {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
}

/**
 * For a list: the time today, else the day.
 * @param {string | null} text RFC 3339
 * @param {string} language
 * @param {Translate} t
 * @param {Date} [now]
 */
export function shortTime(text, language, t, now = new Date()) {
  if (!text) return "";
  const date = new Date(text);
  if (sameDay(date, now)) return clock(text, language);
  if (sameDay(date, yesterday(now))) return t("inbox.yesterday");
  const year = date.getFullYear() === now.getFullYear() ? undefined : "2-digit";
  return date.toLocaleDateString(language, { day: "numeric", month: "short", year });
}

/**
 * @param {string} text RFC 3339
 * @param {string} language
 */
export function clock(text, language) {
  return new Date(text).toLocaleTimeString(language, { hour: "2-digit", minute: "2-digit" });
}

/**
 * A day, as in a sentence.
 * @param {string} text RFC 3339
 * @param {string} language
 */
export function longDate(text, language) {
  return new Date(text).toLocaleDateString(language, { day: "numeric", month: "long", year: "numeric" });
}

/**
 * For a separator between days.
 * @param {string} text RFC 3339
 * @param {string} language
 * @param {Translate} t
 * @param {Date} [now]
 */
export function dayName(text, language, t, now = new Date()) {
  const date = new Date(text);
  if (sameDay(date, now)) return t("inbox.today");
  if (sameDay(date, yesterday(now))) return t("inbox.yesterday");
  return date.toLocaleDateString(language, { weekday: "long", day: "numeric", month: "long", year: "numeric" });
}

/**
 * What is left, as `23 h 10 min`.
 * @param {number} milliseconds
 */
export function duration(milliseconds) {
  const minutes = Math.max(1, Math.floor(milliseconds / 60_000));
  const [days, hours, rest] = [Math.floor(minutes / 1440), Math.floor((minutes % 1440) / 60), minutes % 60];
  if (days > 0) return `${days} d ${hours} h`;
  return hours > 0 ? `${hours} h ${rest} min` : `${rest} min`;
}
