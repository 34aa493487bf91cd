// The minimal function's equal: checks a signature and sends the body to a queue.
import { createHmac, timingSafeEqual } from "node:crypto";
import { SendMessageBatchCommand, SQSClient } from "@aws-sdk/client-sqs";

const queue = new SQSClient({ useQueueUrlAsEndpoint: false }); // else it would warn at each call that the two differ here
const { INBOUND_QUEUE_URL, APP_SECRET } = process.env;

function isSigned(body, signature) {
  const expected = Buffer.from(`sha256=${createHmac("sha256", APP_SECRET).update(body).digest("hex")}`);
  const claimed = Buffer.from(signature);
  return claimed.length === expected.length && timingSafeEqual(claimed, expected);
}

export async function handler(event) {
  const { body, headers } = event;
  if (!isSigned(body, headers["x-hub-signature-256"] ?? "")) return { statusCode: 401 };
  const entry = {
    Id: "0",
    MessageGroupId: "all",
    MessageDeduplicationId: headers["x-amzn-trace-id"],
    MessageBody: body,
  };
  await queue.send(new SendMessageBatchCommand({ QueueUrl: INBOUND_QUEUE_URL, Entries: [entry] }));
  return { statusCode: 200, headers: { "content-type": "text/plain" }, body: "EVENT_RECEIVED" };
}
