"""What of an answer of DynamoDB is promised, so that two answers can be compared, and why some differ."""

import itertools
import json

from limits import exact, item_size

READ, WRITE = 4096, 1024  # bytes of a unit
ABOUT = 16  # bytes by which two counts of one item may differ

# An answer's members that mean the same whoever gives them.
MEMBERS = ("Item", "Attributes", "Count", "ScannedCount", "LastEvaluatedKey", "UnprocessedKeys", "UnprocessedItems")


def essence(call, status, answer):
    """An answer without what DynamoDB leaves open: wording, and the order of what has none."""
    if status != 200:
        return {"error": answer.get("__type", "").rpartition("#")[2], **reasons(answer), **item_of(answer)}
    essential = {name: canonical(answer[name]) for name in MEMBERS if answer.get(name) not in (None, {}, [])}
    if "Items" in answer:
        essential["Items"] = in_order(call, answer["Items"])
    responses = answer.get("Responses")
    if isinstance(responses, dict):  # of a batch; those of a transaction are in the order of its request
        essential["Responses"] = {table: sorted(map(canonical, items), key=text) for table, items in responses.items()}
    elif responses:
        essential["Responses"] = canonical(responses)
    essential["cost"] = cost(answer.get("ConsumedCapacity"))
    return essential


def reasons(answer):
    """A cancelled transaction says of each of its items why, with the item where it was asked for."""
    given = answer.get("CancellationReasons")
    return {"reasons": [{"Code": one["Code"], **item_of(one)} for one in given]} if given else {}


def item_of(answer):
    return {"Item": canonical(answer["Item"])} if answer.get("Item") else {}


def canonical(value):
    """A value in one spelling: numbers without their zeros, sets in order."""
    if isinstance(value, list):
        return [canonical(member) for member in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((kind, inner),) = value.items()
        if kind == "N" and isinstance(inner, str):
            return {kind: number(inner)}
        if kind == "NS" and isinstance(inner, list):
            return {kind: sorted(map(number, inner))}
        if kind in ("SS", "BS") and isinstance(inner, list):
            return {kind: sorted(inner)}
    return {name: canonical(member) for name, member in value.items()}


def number(text):
    return str(exact(text))


def text(value):
    return json.dumps(value, sort_keys=True)


def in_order(call, items):
    """A query's order is that of the sort key; a scan has none, nor have an index's items with the same sort key."""
    items = [canonical(item) for item in items]
    if call["operation"] == "Scan":
        return sorted(items, key=text)
    if "IndexName" in call["request"]:
        runs = itertools.groupby(items, key=lambda item: text(item.get(call["sort_key"])))
        return [item for _, run in runs for item in sorted(run, key=text)]
    return items


def cost(consumed):
    """Capacity units by table, and of them those of its indexes."""
    tables = consumed if isinstance(consumed, list) else [consumed] if consumed else []
    return {
        table["TableName"]: (table["CapacityUnits"], {
            name: units["CapacityUnits"] for name, units in sorted(table.get("GlobalSecondaryIndexes", {}).items())
        })
        for table in tables
    }


def explanation(call, ours, theirs):
    """Why it is right that two answers differ, if it is known."""
    return next((reason for reason, fits in EXPLAINED if fits(call, ours, theirs)), None)


def only_cost(ours, theirs):
    return {**ours, "cost": None} == {**theirs, "cost": None}


def reads_of_more_than_four_kib(call, ours, theirs):
    """The whole read is rounded up to 4 KiB, and half of that where it may be behind."""
    if call["operation"] not in ("GetItem", "Query", "Scan") or not only_cost(ours, theirs):
        return False
    request, answer = call["request"], call["answer"]
    items = [answer["Item"]] if "Item" in answer else answer.get("Items", [])
    found = sum(map(item_size, items))
    unit = 1.0 if request.get("ConsistentRead") else 0.5
    ((total, _),) = ours["cost"].values()
    least, most = (max(1, -(-(found + about) // READ)) * unit for about in (-ABOUT, ABOUT))
    narrowed = {"FilterExpression", "ProjectionExpression", "IndexName", "Select"} & set(request)
    read = found > 0 or (narrowed and answer.get("ScannedCount", 0) > 0)  # what a filter leaves out was read all the same
    return read and least <= total and (narrowed or total <= most)


def batch_reads(call, ours, theirs):
    """Each item of a batch is rounded up by itself, and one that is not there costs what the smallest does."""
    if call["operation"] != "BatchGetItem" or theirs.get("cost") != {} or not only_cost(ours, theirs):
        return False
    documented = {}
    for table, asked in call["request"]["RequestItems"].items():
        items = call["answer"]["Responses"].get(table, [])
        missing = len(asked["Keys"]) - len(items) - len(call["answer"].get("UnprocessedKeys", {}).get(table, {}).get("Keys", []))
        unit = 1.0 if asked.get("ConsistentRead") else 0.5
        least, most = (missing + sum(-(-(item_size(item) + about) // READ) for item in items) for about in (-ABOUT, ABOUT))
        documented[table] = least * unit, most * unit
    narrowed = any("ProjectionExpression" in asked for asked in call["request"]["RequestItems"].values())
    return narrowed or all(least <= ours["cost"][table][0] <= most for table, (least, most) in documented.items())


def writes_of_about_a_kib(call, ours, theirs):
    """Only about how many bytes a number takes is documented, so an item of about a KiB may cost one unit, or two."""
    near = any(abs((size + WRITE // 2) % WRITE - WRITE // 2) <= ABOUT for size in call.get("sizes", []))
    units = 2 if call["operation"] == "TransactWriteItems" else 1
    if not near or not only_cost(ours, theirs) or set(ours["cost"]) != set(theirs["cost"]):
        return False
    return all(abs(ours["cost"][table][0] - theirs["cost"][table][0]) <= units * len(call["sizes"]) for table in ours["cost"])


def pages_that_end_at_a_mebibyte(call, ours, theirs):
    """Ours counts the item that no longer fits as scanned, and ends before it as theirs does. Nobody reads that count."""
    if call["operation"] not in ("Query", "Scan") or "LastEvaluatedKey" not in ours or "ScannedCount" not in theirs:
        return False
    read = 256 * (1.0 if call["request"].get("ConsistentRead") else 0.5)  # units of a mebibyte
    counted = ours["ScannedCount"] - theirs["ScannedCount"] == 1 and any(total >= read for total, _ in ours["cost"].values())
    return counted and only_cost({**ours, "ScannedCount": None}, {**theirs, "ScannedCount": None})


def pages_of_a_scan(call, ours, theirs):
    """Which items a page has is up to the database."""
    paged = {"ExclusiveStartKey", "Limit", "Segment"} & set(call["request"]) or "LastEvaluatedKey" in ours
    return call["operation"] == "Scan" and paged and "error" not in ours and "error" not in theirs


def pages_of_equals(call, ours, theirs):
    """Where a page of an index begins or ends among items with the same sort key, which ones it has is up to the database."""
    if call["operation"] != "Query" or "IndexName" not in call["request"] or "Limit" not in call["request"]:
        return False
    (our_keys, our_middle), (their_keys, their_middle) = (middle(call, one.get("Items", [])) for one in (ours, theirs))
    return our_keys == their_keys and our_middle == their_middle


def middle(call, items):
    """The sort keys of a page, and its items without those that share their sort key with the first or the last one."""
    keys = [text(item.get(call["sort_key"])) for item in items]
    return keys, [item for item, key in zip(items, keys) if key not in (keys[0], keys[-1])]


# Where the other emulator is wrong by AWS's documents, and what these leave open. infra/local/README.md has the same table.
EXPLAINED = [
    ("a read of more than 4 KiB costs more than one unit, and theirs do not; ours by the documented sum", reads_of_more_than_four_kib),
    ("a batch of reads consumes units, and theirs tell none; ours by the documented sum", batch_reads),
    ("ours counts the item that no longer fits a page of 1 MiB as scanned", pages_that_end_at_a_mebibyte),
    ("a number's bytes are documented approximately, and the item is about a KiB", writes_of_about_a_kib),
    ("a scan has no order, so its pages have other items", pages_of_a_scan),
    ("items with the same sort key have no order in an index, so a page ends elsewhere among them", pages_of_equals),
]
