"""Starts every function of a stack, through the alias that the API and the queues call, with an event that changes nothing."""

import json

from botocore.exceptions import ClientError

from report import GUIDES, good, wrong

# For a queue's consumer no message, for that of sockets one that says nothing, for the others a route that they do not have. All are
# answered before anything is written.
NO_MESSAGES = {"Records": []}
NO_WORDS = {"requestContext": {"eventType": "MESSAGE", "connectionId": "preflight"}, "isBase64Encoded": False}
NO_ROUTE = {
    "version": "2.0",
    "routeKey": "GET /preflight",
    "rawPath": "/preflight",
    "rawQueryString": "",
    "headers": {"host": "preflight.invalid"},
    "requestContext": {
        "accountId": "anonymous",
        "apiId": "preflight",
        "domainName": "preflight.invalid",
        "domainPrefix": "preflight",
        "http": {"method": "GET", "path": "/preflight", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "preflight"},
        "requestId": "preflight",
        "routeKey": "GET /preflight",
        "stage": "$default",
        "time": "01/Jan/2026:00:00:00 +0000",
        "timeEpoch": 1767225600000,
    },
    "isBase64Encoded": False,
}
# What functions answer that need the secret, until it is filled in: the check of the secret tells.
NOT_SET_UP = 503
TROUBLE = f"{GUIDES}/troubleshooting.md#while-deploying"


def check(deployment):
    functions = deployment.of_type("AWS::Serverless::Function").values()
    found = {binary(one): fault(deployment.client("lambda"), deployment.name, one) for one in functions}
    for name, reason in found.items():
        if reason:
            yield wrong(f"{deployment.name}-{name}: {reason}", mend(reason, f"{deployment.name}-{name}"))
    if not any(found.values()):
        yield good(f"all {len(found)} start and answer")
    yield from mappings(deployment)


def binary(function):
    return function["Metadata"]["BuildProperties"]["Binary"]


def fault(client, stack, function):
    """Why a function does not do its work, or `None`."""
    kinds = {event["Type"] for event in function["Properties"].get("Events", {}).values()}
    event = NO_MESSAGES if "SQS" in kinds else NO_ROUTE if kinds else NO_WORDS
    try:
        answer = client.invoke(FunctionName=f"{stack}-{binary(function)}", Qualifier="live", Payload=json.dumps(event))
    except ClientError as error:
        return f"it cannot be invoked ({error.response['Error']['Code']})"
    body = answer["Payload"].read()
    if "FunctionError" in answer:
        return f"{answer['FunctionError']}: {body.decode(errors='replace')[:500]}"
    status = (json.loads(body) or {}).get("statusCode", 200)
    return f"it answers {status}" if status >= 500 and status != NOT_SET_UP else None


def mend(reason, name):
    if "permission denied" in reason:
        return f"the zip lost the executable bit: {TROUBLE}"
    if "exec format error" in reason:
        return f"built for another architecture: Architecture for `sam build` as for `sam deploy`: {TROUBLE}"
    if "ResourceNotFound" in reason:
        return "deploy again: sam build && sam deploy"
    if "AccessDenied" in reason:
        return "credentials that may lambda:InvokeFunction"
    group = f"aws lambda get-function-configuration --function-name {name} --query LoggingConfig.LogGroup --output text"
    return f'its log says why: aws logs tail "$({group})" --since 10m'


def mappings(deployment):
    """Whether the queues are read."""
    client = deployment.client("lambda")
    for logical, resource in deployment.resources(deployment.name).items():
        if resource["ResourceType"] == "AWS::Lambda::EventSourceMapping":
            state = client.get_event_source_mapping(UUID=resource["PhysicalResourceId"])["State"]
            if state in ("Disabled", "Disabling"):
                yield wrong(
                    f"the queue of {logical} is not read: {state}",
                    f"aws lambda update-event-source-mapping --enabled --uuid {resource['PhysicalResourceId']}",
                )
