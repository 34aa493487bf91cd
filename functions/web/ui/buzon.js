// @ts-check
/**
 * Buzón's web components. One script tag, one function that gives a token:
 *
 *     <script type="module" src="https://api.example.com/ui/buzon.js"></script>
 *     <buzon-connect-card></buzon-connect-card>
 *     <script type="module">
 *       document.querySelector("buzon-connect-card").token = () => fetchTokenOfTheSignedInPerson();
 *     </script>
 */

import { BuzonAccountSelector } from "./account-selector.js";
import { BuzonConnectCard } from "./connect-card.js";
import { BuzonInbox } from "./inbox.js";

export { BuzonAccountSelector, BuzonConnectCard, BuzonInbox };

for (const [name, constructor] of /** @type {const} */ ([
  ["buzon-connect-card", BuzonConnectCard],
  ["buzon-account-selector", BuzonAccountSelector],
  ["buzon-inbox", BuzonInbox],
])) {
  if (!customElements.get(name)) customElements.define(name, constructor);
}
