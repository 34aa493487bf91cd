"""Whether what is to expire does: TTL in the template, and a time in seconds in every item that should have one.

infra/README.md says what expires when.
"""

import collections
import pathlib

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
DAY = 24 * 60 * 60

# By the end of a table's name and the beginning of the sort key: the most days that an item lives.
EXPIRE = {
    ("oauth-states", "STATE"): 1,
    ("connections", "ERASED"): 31,
    ("integration-events", "FIRST"): 2,
    ("listeners", "OWNER"): 1,
    ("listeners", "SOCKET"): 1,
    ("listeners", "TICKET"): 1,
    ("messages", "WAITING"): 8,
    ("tenants", "IDEMPOTENCY"): 2,
    ("deliveries", "DELIVERY"): 31,
}
# The tenant's plan may keep these for ever.
EXPIRE_BY_PLAN = {
    ("conversations", "CONVERSATION"): 10 * 366,
    ("messages", "MESSAGE"): 10 * 366,
    ("messages", "FIRST"): 10 * 366,
    ("integration-events", "EVENT"): 10 * 366,
}
STAY = {
    ("connections", "ACCOUNT"),
    ("connections", "BREAKER"),
    ("connections", "CONNECTED"),
    ("connections", "JOB"),
    ("connections", "ROUTE"),
    ("listeners", "ENDPOINT"),
    ("listeners", "ENDPOINTS"),
    ("tenants", "PROFILE"),
    ("tenants", "USAGE"),
}


def declared():
    """The attribute that holds the expiry, by the end of each table's name, as the template has it."""

    class Loader(yaml.SafeLoader):
        """Takes CloudFormation's functions for text."""

    Loader.add_multi_constructor("!", lambda loader, suffix, node: node.value)
    template = yaml.load((ROOT / "template.yaml").read_text(encoding="utf-8"), Loader)
    tables = {}
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::DynamoDB::Table":
            properties = resource["Properties"]
            lifetime = properties.get("TimeToLiveSpecification", {})
            name = properties["TableName"].removeprefix("${AWS::StackName}-")
            tables[name] = lifetime.get("AttributeName") if lifetime.get("Enabled") else None
    return tables


class Lifetimes:
    """What was seen of the items of all stacks."""

    def __init__(self):
        self.attributes = declared()
        self.seen = collections.Counter()
        self.faults = collections.Counter()

    def look(self, table, item, begin, end):
        """Looks at an item that was written between two times, in milliseconds."""
        name = next((name for name in self.attributes if table.endswith(f"-{name}")), table)
        kind = (name, item["sk"]["S"].partition("#")[0])
        days = EXPIRE.get(kind) or EXPIRE_BY_PLAN.get(kind)
        if days is None and kind not in STAY:
            self.faults[f"{kind}: it is not said whether these expire"] += 1
        value = item.get("ttl")
        if value is None:
            if kind in EXPIRE:
                self.faults[f"{kind}: without an expiry"] += 1
            return
        self.seen[kind] += 1
        if self.attributes.get(name) != "ttl":
            self.faults[f"{kind}: the template does not enable TTL for `ttl` of {name}"] += 1
        if days is None:
            self.faults[f"{kind}: expires, and should stay"] += 1
        elif "N" not in value or not value["N"].isdecimal():
            self.faults[f"{kind}: {value} is no whole number"] += 1
        elif not begin // 1000 <= int(value["N"]) <= end // 1000 + days * DAY:
            self.faults[f"{kind}: {value['N']} is no time in seconds within {days} days"] += 1

    def report(self):
        """Prints what was seen and found; answers whether something is wrong."""
        for (table, kind), times in sorted(self.seen.items()):
            print(f"  {times:7} items of {table} expire: {kind}")
        for fault, times in self.faults.most_common():
            print(f"{times} times: {fault}")
        unseen = ({*EXPIRE, *EXPIRE_BY_PLAN}) - set(self.seen)
        for table, kind in sorted(unseen):
            print(f"No {kind} of {table} was seen to expire: nothing is proved about them")
        return bool(self.faults or unseen)
