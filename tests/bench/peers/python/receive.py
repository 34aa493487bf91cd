"""The minimal function's equal: checks a signature and sends the body to a queue."""

import hashlib
import hmac
import os

import boto3

queue = boto3.client("sqs")
queue_url = os.environ["INBOUND_QUEUE_URL"]
secret = os.environ["APP_SECRET"].encode()


def is_signed(body, signature):
    expected = "sha256=" + hmac.new(secret, body.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, signature)


def handler(event, context):
    body, headers = event["body"], event["headers"]
    if not is_signed(body, headers.get("x-hub-signature-256", "")):
        return {"statusCode": 401}
    entry = {
        "Id": "0",
        "MessageGroupId": "all",
        "MessageDeduplicationId": headers["x-amzn-trace-id"],
        "MessageBody": body,
    }
    queue.send_message_batch(QueueUrl=queue_url, Entries=[entry])
    return {"statusCode": 200, "headers": {"content-type": "text/plain"}, "body": "EVENT_RECEIVED"}
