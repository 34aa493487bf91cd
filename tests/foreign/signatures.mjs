// Signs or verifies what stands on the standard input: a list of {secret, body, signature}.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [folder] = process.argv.slice(2);
const XHubSignature = createRequire(import.meta.url)(folder);

const answers = JSON.parse(readFileSync(0, "utf8")).map(({ secret, body, signature }) => {
  const hub = new XHubSignature("sha256", secret);
  const bytes = Buffer.from(body, "base64");
  return signature === null ? hub.sign(bytes) : hub.verify(signature, bytes);
});
process.stdout.write(JSON.stringify(answers));
