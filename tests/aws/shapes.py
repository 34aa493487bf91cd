"""AWS's own models of its services, as botocore ships them: what a request and an answer may look like."""

import functools
import re

from botocore.loaders import Loader

MODELS = {
    "DynamoDB_20120810": "dynamodb",
    "DynamoDBStreams_20120810": "dynamodbstreams",
    "AmazonSQS": "sqs",
    "TrentService": "kms",
    "secretsmanager": "secretsmanager",
}
# What every operation of a service may be refused with, and no model says.
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html and each service's common errors.
COMMON_ERRORS = {
    "InvalidParameterValueException",  # SQS, of a receipt handle whose message is gone
    "AccessDeniedException",
    "InternalFailure",
    "InternalServerError",
    "ServiceUnavailable",
    "ThrottlingException",
    "UnrecognizedClientException",
    "ValidationException",
}

# Answered by our emulator's database of every table, and looked at by no SDK.
MORE_THAN_THE_MODEL = {"TableThroughputModeSummary"}


@functools.cache
def model(service):
    return Loader().load_service_model(MODELS[service], "service-2")


def faults(call):
    """What is wrong with a call's request and its answer, by AWS's model of the operation."""
    described = model(call["service"])
    operation = described["operations"].get(call["operation"])
    if operation is None:
        return [f"{call['service']} has no {call['operation']}"]
    shapes = described["shapes"]
    found = list(walk(shapes, operation["input"]["shape"], call["request"], "request"))
    if call["status"] != 200:
        return found + refusal(operation, shapes, call)
    if "output" in operation:
        found += walk(shapes, operation["output"]["shape"], call["answer"], "answer")
    return found


def refusal(operation, shapes, call):
    """Whether a refused request was meant to be: a story about a wrong request has none of AWS's shapes to hold."""
    name = call["answer"].get("__type", "").rpartition("#")[2]
    known = {error["shape"] for error in operation.get("errors", [])} | COMMON_ERRORS
    if name not in known:
        return [f"no {call['operation']} is refused with {name or 'nothing'}"]
    return []


def walk(shapes, name, value, path):
    """Everything in a value that its shape does not allow."""
    shape = shapes[name]
    check = CHECKS.get(shape["type"])
    if check is None:
        yield f"{path}: a shape of the unknown type {shape['type']}"
    elif not isinstance(value, check[0]) or (isinstance(value, bool) and check[0] is not bool):
        yield f"{path}: {type(value).__name__}, and not a {shape['type']}"
    else:
        yield from check[1](shapes, shape, value, path)


def structure(shapes, shape, value, path):
    members = {member.get("locationName", key): member["shape"] for key, member in shape["members"].items()}
    required = {shape["members"][key].get("locationName", key) for key in shape.get("required", [])}
    given = {key for key, member in value.items() if member is not None}
    for key in sorted(required - given):
        yield f"{path}: lacks {key}"
    if shape.get("union") and len(given) != 1:
        yield f"{path}: a union of {len(given)} members"
    for key in sorted(given):
        if key in members:
            yield from walk(shapes, members[key], value[key], f"{path}.{key}")
        elif key not in MORE_THAN_THE_MODEL:
            yield f"{path}: has the unknown member {key}"


def several(shapes, shape, value, path):
    yield from within(shape, len(value), path, "members")
    for number, member in enumerate(value):
        yield from walk(shapes, shape["member"]["shape"], member, f"{path}[{number}]")


def mapping(shapes, shape, value, path):
    yield from within(shape, len(value), path, "members")
    for key, member in value.items():
        yield from walk(shapes, shape["key"]["shape"], key, f"{path}: the key {key}")
        yield from walk(shapes, shape["value"]["shape"], member, f"{path}.{key}")


def string(shapes, shape, value, path):
    yield from within(shape, len(value), path, "characters")
    if "enum" in shape and value not in shape["enum"]:
        yield f"{path}: {value} is none of {', '.join(shape['enum'])}"
    if "pattern" in shape and not re.fullmatch(shape["pattern"], value):
        yield f"{path}: {value} has not the form {shape['pattern']}"


def blob(shapes, shape, value, path):
    if not re.fullmatch(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?", value):
        yield f"{path}: not base64"
    yield from within(shape, len(value) * 3 // 4 - value.count("="), path, "bytes")


def numeric(shapes, shape, value, path):
    yield from within(shape, value, path, "")


def nothing(shapes, shape, value, path):
    return ()


def within(shape, size, path, unit):
    least = shape.get("min", size) if path.startswith("request") else size  # AWS itself answers with empty maps, and with nought
    if not least <= size <= shape.get("max", size):
        yield f"{path}: {size} {unit}".rstrip() + f", and not {shape.get('min', '')} to {shape.get('max', '')}"


CHECKS = {
    "structure": (dict, structure),
    "list": (list, several),
    "map": (dict, mapping),
    "string": (str, string),
    "blob": (str, blob),
    "integer": (int, numeric),
    "long": (int, numeric),
    "float": ((int, float), numeric),
    "double": ((int, float), numeric),
    "timestamp": ((int, float), nothing),
    "boolean": (bool, nothing),
}
