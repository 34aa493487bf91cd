// @ts-check
/** `/inbox`. */

import "./buzon.js";
import { h } from "./dom.js";
import { token } from "./session.js";
import { component, page } from "./shell.js";

document.body.classList.add("wide");
page(h("h1", { class: "visually-hidden" }, "Inbox"), component("buzon-inbox", token, { settings: "/settings/integrations" }));
