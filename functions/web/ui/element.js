// @ts-check
/** What the three components share: settings, token, texts, style, rendering. */

import { Api, ApiError, claimsOf, tellOnce } from "./api.js";
import { channelNamed, CHANNELS } from "./channel.js";
import { h, icon, ICONS } from "./dom.js";
import { sheet } from "./style.js";
import { translator } from "./text.js";

/** The address that the script came from is where the API is, unless the page says otherwise. */
const HOME = new URL(import.meta.url).origin;

/** How long a component waits for the page to set its `token`. */
const PATIENCE_MS = 5000;

export class BuzonElement extends HTMLElement {
  static observedAttributes = ["api", "locale", "brand", "tenant"];

  constructor() {
    super();
    this.root = this.attachShadow({ mode: "open" });
    this.root.adoptedStyleSheets = [sheet];
    /** @type {PromiseWithResolvers<import("./api.js").TokenSource>} */
    this.source = Promise.withResolvers();
    /** @type {Api | undefined} */
    this.client = undefined;
    this.alive = new AbortController();
    this.t = this.texts();
  }

  connectedCallback() {
    // A property that the page set before this class was known hides the accessor: take it over.
    if (Object.hasOwn(this, "token")) {
      const early = this.token;
      Reflect.deleteProperty(this, "token");
      this.token = early;
    }
    this.alive = new AbortController();
    this.t = this.texts();
    this.start();
  }

  disconnectedCallback() {
    this.alive.abort();
  }

  /**
   * @param {string} _name
   * @param {string | null} _before
   * @param {string | null} _after
   */
  attributeChangedCallback(_name, _before, _after) {
    this.client = undefined;
    this.t = this.texts();
    if (this.isConnected) this.render();
  }

  /** What it says, in the page's language. */
  texts() {
    return translator(this.language, this.brand);
  }

  get language() {
    return this.getAttribute("locale") ?? (document.documentElement.lang || "es");
  }

  get brand() {
    return this.getAttribute("brand") ?? "Curbe";
  }

  /** Which channel a card or a selector is about. */
  get channel() {
    const word = this.getAttribute("channel") ?? "instagram";
    const channel = channelNamed(word);
    if (!channel) tellOnce(`<${this.localName}> knows no channel "${word}": it takes ${CHANNELS.join(" or ")}`);
    return channel ?? "instagram";
  }

  /** @returns {import("./api.js").TokenSource | undefined} what gives tokens of the signed-in person */
  get token() {
    return this.given;
  }

  /** Set once, by the page; until then nothing is asked of the API. */
  set token(source) {
    if (typeof source !== "function") throw new TypeError(`<${this.localName}> takes a function as its "token"`);
    this.given = source;
    this.source.resolve(source);
  }

  /** @returns {Api} */
  get api() {
    this.client ??= new Api(this.getAttribute("api") ?? HOME, async (options) => (await Promise.race([this.source.promise, this.#noSource()]))(options));
    return this.client;
  }

  /** @returns {Promise<never>} */
  #noSource() {
    const giveUp = () => {
      if (!this.token) tellOnce(`<${this.localName}> was given no function as its "token"`);
      return new ApiError(0, {}, "token");
    };
    return new Promise((_, reject) => setTimeout(() => reject(giveUp()), PATIENCE_MS));
  }

  /** The tenant in the paths: an attribute, else the token's claim. */
  async tenant() {
    const tenant = this.getAttribute("tenant") || claimsOf(await this.api.given()).tenant_id;
    if (tenant) return tenant;
    tellOnce(`the token has no claim tenant_id: <${this.localName}> needs the attribute "tenant"`);
    throw new ApiError(0, {}, "no-tenant");
  }

  /** Begins the component's work. */
  start() {}

  /** Shows the component's state. */
  render() {}

  /**
   * Shows `children` in `place`, and keeps the focus where it was (by `data-focus`).
   * @param {Element} place
   * @param {...import("./dom.js").Child} children
   */
  draw(place, ...children) {
    const focused = /** @type {HTMLElement | null} */ (this.root.activeElement)?.dataset.focus;
    place.replaceChildren(.../** @type {Node[]} */ (children.filter(Boolean)));
    if (focused) this.focusOn(focused);
  }

  /**
   * Says something in a live region, which has to be there before: only what is new is drawn, and read out.
   * @param {HTMLElement} region
   * @param {{ tone: string, title: string, text?: string } | undefined} message
   */
  say(region, message) {
    const saying = JSON.stringify(message ?? null);
    if (region.dataset.said === saying) return;
    region.dataset.said = saying;
    region.replaceChildren(...(message ? [notice(message)] : []));
  }

  /**
   * Gives the focus to what `data-focus` names.
   * @param {string} name
   */
  focusOn(name) {
    const element = this.root.querySelector(`[data-focus="${CSS.escape(name)}"]`);
    if (element instanceof HTMLElement) element.focus({ preventScroll: true });
  }

  /**
   * Tells the page around.
   * @param {string} name
   * @param {unknown} [detail]
   */
  tell(name, detail) {
    this.dispatchEvent(new CustomEvent(`buzon-${name}`, { detail, bubbles: true, composed: true }));
  }

  /**
   * Runs `task` now and again, `milliseconds` after it ended; slower while the page is hidden.
   * @param {number} milliseconds
   * @param {() => Promise<void>} task
   */
  async repeat(milliseconds, task) {
    const { signal } = this.alive;
    while (!signal.aborted) {
      await task();
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, document.hidden ? milliseconds * 10 : milliseconds);
        signal.addEventListener("abort", () => (clearTimeout(timer), resolve(undefined)), { once: true });
        document.addEventListener("visibilitychange", resolve, { once: true, signal });
      });
    }
  }
}

/** @param {{ tone: string, title: string, text?: string }} message */
function notice({ tone, title, text }) {
  return h(
    "div",
    { class: `notice ${tone}` },
    icon(tone === "good" ? ICONS.check : ICONS.alert),
    h("div", {}, h("strong", {}, title), text && h("p", { class: "muted" }, text)),
  );
}
