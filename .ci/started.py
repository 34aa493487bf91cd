"""Invokes functions of a stack that was just deployed, before anybody else does.

    python started.py STACK

Asks each of CALLS once, through the alias that the API calls. They answer without changing anything: the page proves that a
bootstrap starts, the webhook's verification also that the secret can be read.
"""

import json
import pathlib
import sys

import boto3

EVENTS = pathlib.Path(__file__).parent.parent / "events"
# The function's binary, its sample, and what it may answer.
CALLS = [
    ("web", "web.json", {200}),
    ("webhook-verify", "webhook-verify.json", {200, 403, 503}),  # of another token; 503 until the secret is filled in
]


def fault(client, stack, binary, sample, statuses):
    """Why a function does not do its work, or `None`."""
    payload = (EVENTS / sample).read_bytes()
    answer = client.invoke(FunctionName=f"{stack}-{binary}", Qualifier="live", Payload=payload)
    body = answer["Payload"].read()
    if "FunctionError" in answer:
        return f"{answer['FunctionError']}: {body.decode(errors='replace')[:500]}"
    status = json.loads(body).get("statusCode")
    return None if status in statuses else f"it answered {status}"


def main(stack):
    client = boto3.client("lambda")
    found = [(binary, fault(client, stack, binary, *rest)) for binary, *rest in CALLS]
    for binary, reason in found:
        print(f"{stack}-{binary}: {reason or 'started and answered'}")
    return 1 if any(reason for _, reason in found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
