// Runs `receive.mjs` as Lambda's managed runtime does: one event after another from the Runtime API.
//
// Amazon's own client for Node.js (`aws-lambda-ric`) needs cmake to install; this one costs less than that one.
import { request } from "node:http";

import { handler } from "./receive.mjs";

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
const runtime = "/2018-06-01/runtime/invocation";

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const sent = request({ host, port, method, path: `${runtime}/${path}` }, (answer) => {
      const chunks = [];
      answer.on("data", (chunk) => chunks.push(chunk));
      answer.on("end", () => resolve({ headers: answer.headers, text: Buffer.concat(chunks).toString() }));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

for (;;) {
  const event = await call("GET", "next");
  const id = event.headers["lambda-runtime-aws-request-id"];
  try {
    await call("POST", `${id}/response`, JSON.stringify(await handler(JSON.parse(event.text))));
  } catch (error) {
    await call("POST", `${id}/error`, JSON.stringify({ errorType: error.name, errorMessage: error.message }));
  }
}
