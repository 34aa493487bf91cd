"""Replays the stories' calls to DynamoDB on somebody else's emulator, and compares every answer with ours.

    python replay.py TRANSCRIPTS MINISTACK [--all] [--seed N] [--megabytes N]

TRANSCRIPTS is a folder of what stacks and their AWS said to each other, MINISTACK the emulator's program. Each stack gets an account
of its own there. Without --all, one stack of each story is replayed, and others by chance. Exits 1 for a difference that EXPLAINED
does not know, and where nothing was compared.
"""

import argparse
import collections
import http.client
import json
import pathlib
import sys
import time
import urllib.parse

import answers
from lifetimes import Lifetimes
from limits import item_size
from transcripts import calls, place, sample, transcripts

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "template"))

from emulator import emulator  # noqa: E402: found by the line above

# Made for each stack, and nothing to compare: descriptions differ in what nobody reads.
SET_UP = {"CreateTable"}
# Of the stack that looks after its tables, and nothing that a function calls.
LEFT_OUT = {"DescribeTable", "ListTables", "UpdateTable", "DescribeTimeToLive", "UpdateTimeToLive"}


class Account:
    """One stack's account at the emulator."""

    def __init__(self, address, number):
        self.connection = http.client.HTTPConnection(urllib.parse.urlsplit(address).netloc)
        self.key = f"{number:012}"
        self.tables = {}  # the names of each one's keys
        self.sort_keys = {}  # of each one's indexes
        self.projections = {}  # what each one's indexes have, of those that have not all
        self.lifetimes = {}  # the attribute that has each one's expiry

    def call(self, operation, request):
        credential = f"AWS4-HMAC-SHA256 Credential={self.key}/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
        headers = {"x-amz-target": f"DynamoDB_20120810.{operation}", "content-type": "application/x-amz-json-1.0"}
        self.connection.request("POST", "/", json.dumps(request), headers | {"authorization": credential})
        response = self.connection.getresponse()
        return response.status, json.loads(response.read() or b"{}")

    def learn(self, operation, request):
        """Learns from a call that sets a table up."""
        table = request.get("TableName")
        if operation == "CreateTable":
            self.tables[table] = names(request)
            for index in request.get("GlobalSecondaryIndexes", []):
                self.sort_keys[table, index["IndexName"]] = names(index)[-1]
                included = index["Projection"].get("NonKeyAttributes", [])
                self.projections.setdefault(table, []).append({*names(request), *names(index), *included})
        if operation == "UpdateTimeToLive" and request["TimeToLiveSpecification"]["Enabled"]:
            self.lifetimes[table] = request["TimeToLiveSpecification"]["AttributeName"]

    def sizes(self, targets):
        """How large items are at the moment, and what the indexes have of them."""
        sizes = []
        for table, key in targets:
            _, answer = self.call("GetItem", {"TableName": table, "Key": key, "ConsistentRead": True})
            if item := answer.get("Item"):
                sizes.append(item_size(item))
                for included in self.projections.get(table, []):
                    sizes.append(item_size({name: value for name, value in item.items() if name in included}))
        return sizes

    def keys(self, operation, request):
        """Which items a call writes."""
        match operation:
            case "PutItem" | "UpdateItem" | "DeleteItem":
                parts = [request]
            case "TransactWriteItems":
                parts = [part for one in request["TransactItems"] for kind, part in one.items() if kind != "ConditionCheck"]
            case _:
                parts = []
        for part in parts:
            table, whole = part["TableName"], part.get("Item") or part["Key"]
            yield table, {name: whole[name] for name in self.tables[table]}

    def expire(self, before):
        """Deletes what had expired before a time, as our sweeps do: the emulator's own would go by its own clock."""
        deleted = 0
        for table, attribute in self.lifetimes.items():
            request = {
                "TableName": table,
                "FilterExpression": "#expiry < :before",
                "ExpressionAttributeNames": {"#expiry": attribute},
                "ExpressionAttributeValues": {":before": {"N": str(before)}},
            }
            _, page = self.call("Scan", request)
            for item in page["Items"]:
                self.call("DeleteItem", {"TableName": table, "Key": {name: item[name] for name in self.tables[table]}})
            deleted += page["Count"]
        return deleted

    def items(self):
        """Everything that is in the tables."""
        for table in self.tables:
            request = {"TableName": table}
            while request:
                _, page = self.call("Scan", request)
                yield from ((table, item) for item in page["Items"])
                request = "LastEvaluatedKey" in page and {"TableName": table, "ExclusiveStartKey": page["LastEvaluatedKey"]}

    def tear_down(self):
        for table in self.tables:
            self.call("DeleteTable", {"TableName": table})


class Replay:
    """What was replayed, and what came of it."""

    def __init__(self):
        self.compared = collections.Counter()
        self.explained = collections.Counter()
        self.unexplained = []
        self.lifetimes = Lifetimes()

    def stack(self, account, file):
        begin = end = None
        for call in calls(file):
            end = call.get("at_ms", end)
            begin = begin or end
            if call["target"] == "expiry":
                self.judge(file, call | {"function": "", "operation": "expiry"}, call["deleted"], account.expire(call["before"]))
            elif call["service"] == "DynamoDB_20120810":
                self.one(account, file, call)
                for table, item in written(call):
                    self.lifetimes.look(table, item, begin, end)
        for table, item in account.items():
            self.lifetimes.look(table, item, begin, end)
        account.tear_down()

    def one(self, account, file, call):
        operation, request = call["operation"], call["request"]
        account.learn(operation, request)
        if operation in LEFT_OUT or call["status"] >= 500:
            return
        targets = list(account.keys(operation, request)) if call["status"] == 200 else []
        before = account.sizes(targets)
        status, answer = account.call(operation, request)
        if operation in SET_UP:
            self.judge(file, call, call["status"], status)
            return
        call["sort_key"] = account.sort_keys.get((request.get("TableName"), request.get("IndexName")))
        ours = answers.essence(call, call["status"], call["answer"])
        theirs = answers.essence(call, status, answer)
        if ours != theirs:
            call["sizes"] = before + account.sizes(targets)
        self.judge(file, call, ours, theirs)

    def judge(self, file, call, ours, theirs):
        self.compared[call["operation"]] += 1
        if ours == theirs:
            return
        reason = answers.explanation(call, ours, theirs)
        if reason:
            self.explained[reason] += 1
        else:
            self.unexplained.append((place(file, call), call, ours, theirs))


def names(schema):
    """What the keys of a table or an index are called, the partition key first."""
    return [part["AttributeName"] for part in schema["KeySchema"]]


def written(call):
    """The whole items that a call writes, with their tables: some are gone before the story's end."""
    request = call["request"]
    match call["operation"]:
        case "PutItem":
            yield request["TableName"], request["Item"]
        case "TransactWriteItems":
            yield from ((one["Put"]["TableName"], one["Put"]["Item"]) for one in request["TransactItems"] if "Put" in one)
        case "BatchWriteItem":
            for table, entries in request["RequestItems"].items():
                yield from ((table, one["PutRequest"]["Item"]) for one in entries if "PutRequest" in one)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("transcripts")
    parser.add_argument("ministack")
    parser.add_argument("--all", action="store_true", help="every stack")
    parser.add_argument("--seed", type=int, default=10, help="which stacks, where not all are")
    parser.add_argument("--megabytes", type=int, default=20, help="how much of the transcripts, at most")
    options = parser.parse_args()
    began = time.monotonic()
    files = transcripts(options.transcripts)
    chosen = files if options.all else sample(files, options.megabytes * 1_000_000, options.seed)
    replay = Replay()
    with emulator(options.ministack) as address:
        for number, file in enumerate(chosen, 1):
            replay.stack(Account(address, number), file)
    return report(replay, f"{len(chosen)} of {len(files)} stacks, seed {options.seed}, {time.monotonic() - began:.0f} s")


def report(replay, what):
    compared = replay.compared.total()
    print(f"{compared} answers compared: {what}")
    for operation, times in replay.compared.most_common():
        print(f"  {times:7} {operation}")
    for reason, times in replay.explained.most_common():
        print(f"  {times:7} differ, as expected: {reason}")
    for where, call, ours, theirs in replay.unexplained[:20]:
        print(f"{where}\n  request {json.dumps(call.get('request'))}\n  ours    {ours}\n  theirs  {theirs}")
    if replay.unexplained:
        print(f"{len(replay.unexplained)} differences without an explanation")
    wrong = replay.lifetimes.report() or bool(replay.unexplained)
    if not {"PutItem", "UpdateItem", "Query", "TransactWriteItems"} <= set(replay.compared):
        print("The transcripts lack the operations that all stories have: nothing is proved by this")
        return 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
