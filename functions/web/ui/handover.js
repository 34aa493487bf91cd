// @ts-check
/** A login that a card on another site begins, handed over to a page of the API's. */

import { h } from "./dom.js";
import { POPUP_NAME } from "./round-trip.js";

/** @type {HTMLIFrameElement | undefined} the frame of the last form, which the browser may still be reading */
let frame;

/**
 * Posts the login and the person's token to `/connect`, at the top of a window: no address holds the token. The form stands in a frame
 * of its own, so that the browser tells the API this page's origin, whatever this page's referrer policy is.
 * @param {import("./api.js").Api} api
 * @param {{ channel: import("./channel.js").Channel, login?: string, account?: string, back: string, mode: "popup" | "page" }} what
 */
export async function handOver(api, { channel, login = "", account = "", back, mode }) {
  const fields = { token: await api.given(), channel, login, account, back, mode };
  const inputs = Object.entries(fields).map(([name, value]) => h("input", { type: "hidden", name, value }));
  const form = h("form", { method: "post", action: `${api.base}/connect`, target: mode === "popup" ? POPUP_NAME : "_top" }, ...inputs);
  frame?.remove();
  frame = h("iframe", { hidden: true, title: "" });
  document.body.append(frame);
  const inside = /** @type {Document} */ (frame.contentDocument);
  inside.head.append(h("meta", { name: "referrer", content: "strict-origin" }));
  inside.body.append(form);
  form.submit();
}
