// @ts-check
/**
 * Builds elements from data. There is no way from a text to markup here, so nothing that a
 * contact writes can become an element.
 */

/** @typedef {Node | string | null | undefined | false} Child */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, unknown>} [properties] `class`, `on…` listeners, `aria-…`/`data-…` and other attributes
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on") && typeof value === "function") {
      element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    } else {
      element.setAttribute(name, value === true ? "" : String(value));
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false).map(asNode));
  return element;
}

/** @param {Child} child */
function asNode(child) {
  return child instanceof Node ? child : document.createTextNode(String(child));
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * An icon of 24 by 24, drawn by strokes; invisible to assistive technology.
 * @param {string} path
 * @param {string} [className]
 */
export function icon(path, className = "icon") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", className);
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

export const ICONS = {
  instagram:
    "M7 3h10a4 4 0 0 1 4 4v10a4 4 0 0 1-4 4H7a4 4 0 0 1-4-4V7a4 4 0 0 1 4-4z M12 8.2a3.8 3.8 0 1 0 0 7.6 3.8 3.8 0 0 0 0-7.6z M17 6.9v.2",
  messenger:
    "M12 3.5c-5 0-9 3.6-9 8.1 0 2.6 1.3 4.8 3.4 6.3V21.5l3.2-1.8c.8.2 1.6.2 2.4.2 5 0 9-3.6 9-8.2s-4-8.2-9-8.2z M8.2 11.7v.1 M12 11.7v.1 M15.8 11.7v.1",
  check: "M5 13l4 4L19 7",
  checks: "M2 13l4 4L16 7 M11.5 16.5l.5.5L22 7",
  alert: "M12 4 2.8 20h18.4z M12 10v4 M12 17v.2",
  lock: "M7 11V8a5 5 0 0 1 10 0v3 M6 11h12v9H6z",
  send: "M21 3 3 10l7.5 3.5L14 21z M21 3 10.5 13.5",
  back: "M15 5l-7 7 7 7",
  search: "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14z M16 16l4 4",
  clock: "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z M12 7v5l3 2",
  link: "M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-5.7-5.7l-1 1 M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 5.7 5.7l1-1",
  chat: "M4 5h16v11H9l-5 4z",
};

/** @typedef {{ key: string, drawing: string, make: () => HTMLElement }} Row */

/** @type {WeakMap<Element, Map<string, { drawing: string, element: Element }>>} */
const drawn = new WeakMap();

/**
 * Makes `rows` the children of `parent` and touches only those whose `drawing` changed, so that the focus, playing media and
 * loaded pictures stay, and assistive technology hears of nothing twice.
 * @param {Element} parent
 * @param {Row[]} rows
 */
export function reconcile(parent, rows) {
  const before = drawn.get(parent) ?? new Map();
  const after = new Map();
  let place = parent.firstElementChild;
  for (const { key, drawing, make } of rows) {
    const old = before.get(key);
    const element = old?.drawing === drawing ? old.element : make();
    if (old && old.element !== element) {
      if (place === old.element) place = element;
      old.element.replaceWith(element);
    }
    if (place === element) place = element.nextElementSibling;
    else parent.insertBefore(element, place);
    after.set(key, { drawing, element });
  }
  while (place) {
    const gone = place;
    place = place.nextElementSibling;
    gone.remove();
  }
  drawn.set(parent, after);
}

/**
 * An address that a link may lead to; anything but http and https is dropped.
 * @param {string | null | undefined} address
 * @param {string} [base] what a relative address is relative to; without it there are none
 * @returns {string | undefined}
 */
export function safeUrl(address, base) {
  if (!address) return undefined;
  try {
    const url = new URL(address, base);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : undefined;
  } catch {
    return undefined;
  }
}
