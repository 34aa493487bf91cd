"""Compares what each function called with what the template allows it.

    python permissions.py CALLS

CALLS has a line of JSON for each call of all stories, as the emulated AWS logs them. A call that the template does not allow would
fail in AWS; a permission that no call needed is one too many. Exits 1 for either.
"""

import json
import sys

from deployed import binary, functions, of_type, permissions, source

# Needed, though no story can be made to reach it.
QUEUES = ("Inbound", "Outbound", "Upkeep", "Erasure", "Outbox", "Deliveries")
RARE = {
    ("send", "dynamodb:GetItem", "TenantsTable"): "the same Idempotency-Key twice at the same moment",
    ("admin", "dynamodb:DeleteItem", "ConnectionsTable"): "an account that moved to another Page loses the former's route",
    ("oauth-callback", "dynamodb:DeleteItem", "ConnectionsTable"): "an account that moved to another Page, as above",
    ("oauth-select", "dynamodb:DeleteItem", "ConnectionsTable"): "an account that moved to another Page, as above",
    ("oauth-callback", "dynamodb:Query", "ConnectionsTable"): "the last seat was taken while the person was at Meta",
    ("eraser", "sqs:SendMessage", "ErasureQueue"): "a deletion that takes longer than one piece of work",
    ("publisher", "sqs:SendMessage", "OutboxLostQueue"): "Lambda tells there, with this permission, what it has given up",
    ("status", "dynamodb:PutItem", "IntegrationEventsTable"): "a token with a newer plan pauses or resumes accounts",
}
# SQS moves dead letters with the permissions of whoever asked; the functions call none of these themselves.
RARE |= {("admin", "sqs:SendMessage", f"{queue}Queue"): "a replay" for queue in QUEUES}
RARE |= {
    ("admin", f"sqs:{action}", f"{queue}DeadLetterQueue"): "a replay"
    for queue in QUEUES
    for action in ("StartMessageMoveTask", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes")
}


def resource_of(name):
    """What a call named, as policies have it: the logical id of a table, a queue, a key or a secret; for connections and buses an ARN."""
    if "/@connections/" in name:
        return "arn:${AWS::Partition}:execute-api:${AWS::Region}:${AWS::AccountId}:LiveApi/live/POST/@connections/*"
    for table_id, table in of_type(source(), "AWS::DynamoDB::Table").items():
        if name.endswith(table["Properties"]["TableName"]["Fn::Sub"].removeprefix("${AWS::StackName}")):
            return table_id
    for queue_id in of_type(source(), "AWS::SQS::Queue"):
        if queue_id in name:
            return queue_id
    if "meta-apps" in name:
        return "MetaAppsSecret"
    return "TokenKey"  # keys are named by ids that say nothing, and there is one that functions name


def needed(record):
    """The pairs of action and resource that a call needs."""
    if record.get("service") == "events":
        bus = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/EventBusName"
        return {(action, bus) for action in record["actions"]}
    resources = [resource_of(name) for name in record["resources"]]
    if record.get("index"):
        resources = [f"{resource}/index/{record['index']}" for resource in resources]
    if "needs" in record:  # a transaction over several tables says which action is for which
        return {(action, resource_of(name)) for action, name in record["needs"]}
    return {(action, resource) for action in record["actions"] for resource in resources}


def compare(calls):
    """Missing and superfluous permissions, as (function, action, resource)."""
    allowed = {binary(function): permissions(function) for function in functions().values()}
    called = {name: set() for name in allowed}
    for record in calls:
        name = record["function"].removeprefix("buzon_local-")
        if name in called:  # the local stack itself calls, too
            called[name] |= needed(record)
    missing = {(name, *pair) for name, pairs in called.items() for pair in pairs - allowed[name]}
    idle = {(name, *pair) for name, pairs in allowed.items() for pair in pairs - called[name]}
    return sorted(missing), sorted(idle - set(RARE))


def main(path):
    with open(path, encoding="utf-8") as file:
        missing, superfluous = compare(json.loads(line) for line in file)
    for name, action, resource in missing:
        print(f"{name}: calls {action} on {resource}, which the template does not allow")
    for name, action, resource in superfluous:
        print(f"{name}: may {action} on {resource}, which it never called")
    return 1 if missing or superfluous else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
