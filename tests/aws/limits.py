"""What AWS documents and its models do not say: sizes, depths, numbers, expressions, transactions, queues, keys."""

import base64
import decimal
import json
import re

from ministack.services._dynamodb_keywords import AWS_KEYWORDS

KIB, MIB = 1024, 1024 * 1024

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
ITEM = 400 * KIB
LEVELS = 32
DIGITS = 38
SMALLEST, LARGEST = decimal.Decimal("1E-130"), decimal.Decimal("9.9999999999999999999999999999999999999E+125")
PARTITION_KEY, SORT_KEY = 2048, 1024
EXPRESSION = 4 * KIB
PLACEHOLDER, PLACEHOLDERS = 255, 2 * MIB
OPERATORS, OPERANDS = 300, 100
TRANSACTION, TRANSACTION_SIZE = 100, 4 * MIB
BATCH_READ, BATCH_WRITE, BATCH_SIZE = 100, 25, 16 * MIB
PAGE = MIB
EXPRESSIONS = ("ConditionExpression", "FilterExpression", "KeyConditionExpression", "ProjectionExpression", "UpdateExpression")
WORDS = {"AND", "OR", "NOT", "BETWEEN", "IN", "SET", "REMOVE", "ADD", "DELETE"}
FUNCTIONS = {"attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains", "size"}
FUNCTIONS |= {"if_not_exists", "list_append"}
TOKENS = re.compile(r"(?P<placeholder>[#:]\w+)|(?P<name>[A-Za-z_]\w*)|(?P<operator><>|<=|>=|[=<>+-])|[\[\]().,]|\d+|\s+")

# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MESSAGES, MESSAGE = 10, MIB
FIFO_ID = re.compile(r"[A-Za-z0-9!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]{1,128}")
ENTRY_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
TEXT = re.compile("[\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
ATTRIBUTES = 10
VISIBILITY_SECONDS, DELAY_SECONDS, POLL_SECONDS = 12 * 60 * 60, 15 * 60, 20

# https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html: what is encrypted itself; larger data takes a data key.
PLAINTEXT = 4096
CONTEXT = 8 * KIB


class Stack:
    """What one stack's earlier calls say about the later ones: the keys of its tables, and what was received when."""

    def __init__(self):
        self.keys = {}  # of tables and indexes, with their kinds
        self.primary = {}
        self.received = {}

    def faults(self, call):
        """The limits that a call breaks, as text."""
        check = CHECKS.get((call["service"], call["operation"]))
        return list(check(self, call)) if check else []


# DynamoDB


def create_table(stack, call):
    request = call["request"]
    indexes = request.get("GlobalSecondaryIndexes", [])
    schemas = [request["KeySchema"], *(index["KeySchema"] for index in indexes)]
    stack.keys[request["TableName"]] = [(part["AttributeName"], part["KeyType"]) for schema in schemas for part in schema]
    stack.primary[request["TableName"]] = [part["AttributeName"] for part in request["KeySchema"]]
    if len(indexes) > 20:
        yield f"{len(indexes)} indexes"
    projected = sum(len(index["Projection"].get("NonKeyAttributes", [])) for index in indexes)
    if projected > 100:
        yield f"{projected} projected attributes"


def write(stack, call):
    request = call["request"]
    yield from part(stack, request)
    answer = call["answer"].get("Attributes") if call["status"] == 200 else None
    if answer:
        yield from item(answer, "the answered item")


def read(stack, call):
    request = call["request"]
    yield from part(stack, request)
    if "IndexName" in request and request.get("ConsistentRead"):
        yield "a consistent read of an index"
    if call["status"] == 200:
        page = sum(map(item_size, call["answer"].get("Items", [])))
        if page > PAGE:
            yield f"a page of {page} bytes"
        if len(call["answer"].get("Items", [])) > request.get("Limit", PAGE):
            yield "a page of more items than were asked for"


def part(stack, request):
    """A single write or read, or one of a transaction."""
    for name in ("Item", "Key", "ExclusiveStartKey"):
        if name in request:
            yield from item(request[name], name)
            yield from keys(stack, request["TableName"], request[name])
    yield from expressions(request)


def transaction(stack, call):
    items = call["request"]["TransactItems"]
    if not 1 <= len(items) <= TRANSACTION:
        yield f"{len(items)} items in a transaction"
    parts = [inner for one in items for inner in one.values()]
    yield from each_once(stack, [(inner["TableName"], inner.get("Item") or inner["Key"]) for inner in parts])
    data = [inner.get(name, {}) for inner in parts for name in ("Item", "ExpressionAttributeValues")]
    if (size := sum(map(item_size, data))) > TRANSACTION_SIZE:
        yield f"{size} bytes in a transaction"
    for inner in parts:
        yield from part(stack, inner)


def batch_write(stack, call):
    tables = call["request"]["RequestItems"]
    parts = [(table, inner) for table, entries in tables.items() for entry in entries for inner in entry.values()]
    writes = [(table, inner.get("Item") or inner["Key"]) for table, inner in parts]
    if not 1 <= len(writes) <= BATCH_WRITE:
        yield f"{len(writes)} writes in a batch"
    yield from each_once(stack, writes)
    if (size := sum(item_size(written) for _, written in writes)) > BATCH_SIZE:
        yield f"{size} bytes in a batch"
    for table, written in writes:
        yield from item(written, "Item")
        yield from keys(stack, table, written)


def batch_read(stack, call):
    tables = call["request"]["RequestItems"]
    reads = [(table, key) for table, asked in tables.items() for key in asked["Keys"]]
    if not 1 <= len(reads) <= BATCH_READ:
        yield f"{len(reads)} keys in a batch"
    yield from each_once(stack, reads)
    for table, key in reads:
        yield from keys(stack, table, key)
    for asked in tables.values():
        yield from expressions(asked)


def each_once(stack, targets):
    """Two actions of a batch or transaction on one item are refused as a whole."""
    seen = set()
    for table, written in targets:
        target = (table, json.dumps([written.get(name) for name in stack.primary[table]], sort_keys=True))
        if target in seen:
            yield f"an item of {table} twice"
        seen.add(target)


def item(attributes, what):
    """The limits of an item's size, of its numbers, sets and depth."""
    if (size := item_size(attributes)) > ITEM:
        yield f"{what} of {size} bytes"
    for name, value in attributes.items():
        yield from values(value, f"{what}.{name}", 1)


def values(value, path, level):
    if level > LEVELS:
        yield f"{path}: more than {LEVELS} levels"
        return
    if len(value) != 1:
        yield f"{path}: a value of {len(value)} types"
        return
    ((kind, inner),) = value.items()
    if kind in ("L", "M"):
        members = enumerate(inner) if kind == "L" else inner.items()
        for name, member in members:
            yield from values(member, f"{path}.{name}", level + 1)
    elif kind in ("SS", "NS", "BS"):
        distinct = {exact(member) for member in inner} if kind == "NS" else set(inner)
        if not inner or len(distinct) != len(inner):
            yield f"{path}: a set that is empty or has a member twice"
    for text in {"N": [inner], "NS": inner}.get(kind, []):
        number = exact(text)
        if number and (len(number.as_tuple().digits) > DIGITS or not SMALLEST <= abs(number) <= LARGEST):
            yield f"{path}: the number {text}"


def exact(text):
    """A number without its zeros, and with all its other digits."""
    return decimal.Decimal(text).normalize(decimal.Context(prec=1000))


def keys(stack, table, attributes):
    """Keys of a table and of its indexes are not empty, and short."""
    for name, kind in stack.keys.get(table, []):
        value = attributes.get(name)
        if value is None:
            continue
        if set(value) - {"S", "N", "B"}:
            yield f"{name}: a key of type {next(iter(value))}"
        elif not 1 <= value_size(value) <= (PARTITION_KEY if kind == "HASH" else SORT_KEY):
            yield f"{name}: a {kind} key of {value_size(value)} bytes"


def item_size(attributes):
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html"""
    return sum(len(name.encode()) + value_size(value) for name, value in attributes.items())


def value_size(value):
    ((kind, inner),) = value.items()
    match kind:
        case "S":
            return len(inner.encode())
        case "B":
            return len(base64.b64decode(inner))
        case "N":
            return (len(exact(inner).as_tuple().digits) + 1) // 2 + 1
        case "L":
            return 3 + sum(1 + value_size(member) for member in inner)
        case "M":
            return 3 + sum(1 + len(name.encode()) + value_size(member) for name, member in inner.items())
        case "SS" | "NS" | "BS":
            return sum(value_size({kind[0]: member}) for member in inner)
        case _:
            return 1


def expressions(request):
    """The limits of expressions; and what is defined for them is used, and the other way round."""
    names, substitutes = request.get("ExpressionAttributeNames", {}), request.get("ExpressionAttributeValues", {})
    used = set()
    for kind in EXPRESSIONS:
        if kind in request:
            yield from expression(kind, request[kind], used)
    defined = {*names, *substitutes}
    for placeholder in sorted(used ^ defined):
        yield f"{placeholder} is {'not used' if placeholder in defined else 'not defined'}"
    for placeholder in sorted(defined):
        if len(placeholder.encode()) > PLACEHOLDER:
            yield f"{placeholder} is too long"
    if (size := sum(map(len, names.values())) + sum(map(value_size, substitutes.values()))) > PLACEHOLDERS:
        yield f"{size} bytes of placeholders"
    for placeholder, value in substitutes.items():
        yield from values(value, placeholder, 1)


def expression(kind, text, used):
    if len(text.encode()) > EXPRESSION:
        yield f"a {kind} of {len(text.encode())} bytes"
    operators, place = 0, 0
    for token in TOKENS.finditer(text):
        if token.start() != place:
            break
        place = token.end()
        if token["placeholder"]:
            used.add(token["placeholder"])
        elif name := token["name"]:
            operators += name in FUNCTIONS or name.upper() in WORDS
            if name.upper() in AWS_KEYWORDS and name.upper() not in WORDS and not is_function(text, token):
                yield f"{kind}: the reserved word {name}"
        elif token["operator"]:
            operators += 1
    if place != len(text):
        yield f"{kind}: not understood from {text[place:place + 20]} on"
    if operators > OPERATORS:
        yield f"{kind}: {operators} operators"
    for operands in re.findall(r"\bIN\s*\(([^)]*)\)", text, re.IGNORECASE):
        if operands.count(",") >= OPERANDS:
            yield f"{kind}: {operands.count(',') + 1} operands of IN"


def is_function(text, token):
    return token["name"] in FUNCTIONS and text[token.end():].lstrip().startswith("(")


# SQS


def send(stack, call):
    request = call["request"]
    yield from message(request, is_fifo(request))
    if (size := message_size(request)) > MESSAGE:
        yield f"a message of {size} bytes"


def send_batch(stack, call):
    request = call["request"]
    yield from entries(request)
    if (size := sum(map(message_size, request["Entries"]))) > MESSAGE:
        yield f"a batch of {size} bytes"
    for entry in request["Entries"]:
        yield from message(entry, is_fifo(request))


def entries(request):
    ids = [entry["Id"] for entry in request["Entries"]]
    if not 1 <= len(ids) <= MESSAGES:
        yield f"{len(ids)} entries in a batch"
    if len(set(ids)) != len(ids):
        yield "two entries with one id"
    for wrong in (one for one in ids if not ENTRY_ID.fullmatch(one)):
        yield f"the entry's id {wrong}"


def message(sent, fifo):
    if not TEXT.fullmatch(sent["MessageBody"]):
        yield "a body that is empty, or has characters that SQS does not take"
    if len(sent.get("MessageAttributes", {})) > ATTRIBUTES:
        yield "more than ten attributes"
    for name in ("MessageGroupId", "MessageDeduplicationId"):
        if fifo and not FIFO_ID.fullmatch(sent.get(name, "missing" if name == "MessageDeduplicationId" else "")):
            yield f"{name}: {sent.get(name)!r}"
    if fifo and "DelaySeconds" in sent:
        yield "a delay of one message of a FIFO queue"
    if not 0 <= sent.get("DelaySeconds", 0) <= DELAY_SECONDS:
        yield f"a delay of {sent['DelaySeconds']} s"


def is_fifo(request):
    return request["QueueUrl"].endswith(".fifo")


def message_size(sent):
    attributes = sent.get("MessageAttributes", {})
    of_attributes = sum(
        len(name.encode()) + len(value["DataType"]) + len(value.get("StringValue", value.get("BinaryValue", "")).encode())
        for name, value in attributes.items()
    )
    return len(sent["MessageBody"].encode()) + of_attributes


def receive(stack, call):
    request = call["request"]
    if not 1 <= request.get("MaxNumberOfMessages", 1) <= MESSAGES:
        yield f"{request['MaxNumberOfMessages']} messages at once"
    if not 0 <= request.get("WaitTimeSeconds", 0) <= POLL_SECONDS:
        yield f"a wait of {request['WaitTimeSeconds']} s"
    for received in call["answer"].get("Messages", []):
        stack.received[received["ReceiptHandle"]] = call["at_ms"]


def change_visibility(stack, call):
    """A message is invisible for at most twelve hours from its receipt, whatever it was set to in between."""
    request = call["request"]
    for entry in request.get("Entries", [request]):
        seconds = entry["VisibilityTimeout"]
        before = (call["at_ms"] - stack.received.get(entry["ReceiptHandle"], call["at_ms"])) / 1000
        # No message is in flight for longer: then the story has moved the clock while the function ran.
        too_long = before <= VISIBILITY_SECONDS < before + seconds
        if not 0 <= seconds <= VISIBILITY_SECONDS or (seconds and too_long):
            yield f"invisible for {seconds} s, {before:.0f} s after the receipt"
    if "Entries" in request:
        yield from entries(request)


def delete_batch(stack, call):
    yield from entries(call["request"])


# KMS


def encryption(stack, call):
    request = call["request"]
    if len(base64.b64decode(request.get("Plaintext", ""))) > PLAINTEXT:
        yield "a plaintext that takes a data key"
    for name in ("EncryptionContext", "SourceEncryptionContext", "DestinationEncryptionContext"):
        if len(json.dumps(request.get(name, {}), ensure_ascii=False).encode()) > CONTEXT:
            yield f"{name}: too large"


CHECKS = {
    ("DynamoDB_20120810", "CreateTable"): create_table,
    **{("DynamoDB_20120810", operation): write for operation in ("PutItem", "UpdateItem", "DeleteItem")},
    **{("DynamoDB_20120810", operation): read for operation in ("GetItem", "Query", "Scan")},
    **{("DynamoDB_20120810", operation): transaction for operation in ("TransactWriteItems", "TransactGetItems")},
    ("DynamoDB_20120810", "BatchWriteItem"): batch_write,
    ("DynamoDB_20120810", "BatchGetItem"): batch_read,
    ("AmazonSQS", "SendMessage"): send,
    ("AmazonSQS", "SendMessageBatch"): send_batch,
    ("AmazonSQS", "ReceiveMessage"): receive,
    ("AmazonSQS", "ChangeMessageVisibility"): change_visibility,
    ("AmazonSQS", "ChangeMessageVisibilityBatch"): change_visibility,
    ("AmazonSQS", "DeleteMessageBatch"): delete_batch,
    **{("TrentService", operation): encryption for operation in ("Encrypt", "Decrypt", "ReEncrypt", "GenerateDataKey")},
}
