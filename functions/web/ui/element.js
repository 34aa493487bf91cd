// @ts-check
/** What the three components share: settings, token, texts, style, rendering. */

import { Api, claimsOf } from "./api.js";
import { sheet } from "./style.js";
import { translator } from "./text.js";

/** The address that the script came from is where the API is, unless the page says otherwise. */
const HOME = new URL(import.meta.url).origin;

export class BuzonElement extends HTMLElement {
  static observedAttributes = ["api", "locale", "brand", "tenant"];

  constructor() {
    super();
    this.root = this.attachShadow({ mode: "open" });
    this.root.adoptedStyleSheets = [sheet];
    /** @type {import("./api.js").TokenSource | undefined} */
    this.token = undefined;
    /** @type {Api | undefined} */
    this.client = undefined;
    this.alive = new AbortController();
    this.t = translator(this.language, this.brand);
  }

  connectedCallback() {
    // A property that the page set before this class was known hides the accessor: take it over.
    this.alive = new AbortController();
    this.t = translator(this.language, this.brand);
    this.start();
  }

  disconnectedCallback() {
    this.alive.abort();
  }

  attributeChangedCallback() {
    this.client = undefined;
    this.t = translator(this.language, this.brand);
    if (this.isConnected) this.render();
  }

  get language() {
    return this.getAttribute("locale") ?? (document.documentElement.lang || "es");
  }

  get brand() {
    return this.getAttribute("brand") ?? "Curbe";
  }

  /** @returns {Api} */
  get api() {
    this.client ??= new Api(this.getAttribute("api") ?? HOME, (options) => {
      const source = this.token ?? /** @type {any} */ (globalThis).buzonToken;
      if (typeof source !== "function") throw new Error(`<${this.localName}> needs its "token" property: a function`);
      return source(options);
    });
    return this.client;
  }

  /** The tenant in the paths: an attribute, else the token's claim. */
  async tenant() {
    return this.getAttribute("tenant") ?? claimsOf(await this.api.token()).tenant_id;
  }

  /** Begins the component's work. */
  start() {}

  /** Shows the component's state. */
  render() {}

  /**
   * Replaces what is shown, and keeps the focus where it was (by `data-focus`).
   * @param {...import("./dom.js").Child} children
   */
  show(...children) {
    const focused = /** @type {HTMLElement | null} */ (this.root.activeElement)?.dataset.focus;
    this.root.replaceChildren(.../** @type {Node[]} */ (children.filter(Boolean)));
    if (focused) {
      const again = this.root.querySelector(`[data-focus="${CSS.escape(focused)}"]`);
      if (again instanceof HTMLElement) again.focus();
    }
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
