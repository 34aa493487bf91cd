"""Reports the size of each bootstrap, and fails where one is over its budget or links an SDK that it may not use.

    python bootstraps.py FOLDER [FUNCTION…]

FOLDER is that of `cargo lambda build` (a folder for each crate) or of `sam build` (a folder for each resource). Without
functions, all of them.
"""

import json
import pathlib
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tests" / "template"))

from deployed import binary, functions, permissions  # noqa: E402: found by the line above

BUDGETS = json.loads((HERE / "budgets.json").read_text(encoding="utf-8"))["bootstrap_bytes"]

# What an SDK writes into `x-amz-target` before an operation's name: it is in the binary only where an operation is linked.
TARGETS = {
    "dynamodb": b"DynamoDB_20120810.",
    "sqs": b"AmazonSQS.",
    "kms": b"TrentService.",
    "secretsmanager": b"secretsmanager.",
}


def find(folder, resource, name):
    for part in (name, resource):
        if (folder / part / "bootstrap").exists():
            return (folder / part / "bootstrap").read_bytes()
    raise SystemExit(f"{name}: there is no bootstrap in {folder}")


def faults(name, function, bootstrap):
    if len(bootstrap) > BUDGETS[name]:
        yield "is over its budget (.ci/budgets.json)"
    services = {action.split(":")[0] for action, _ in permissions(function)}
    for service, target in TARGETS.items():
        if target in bootstrap and service not in services:
            yield f"links the SDK of {service}, which it may not call"


def main(folder, names):
    found = []
    for resource, function in sorted(functions().items()):
        name = binary(function)
        if names and name not in names:
            continue
        bootstrap = find(folder, resource, name)
        print(f"{name:16} {len(bootstrap):>10} bytes, of {BUDGETS[name]}")
        found += [f"{name}: {fault}" for fault in faults(name, function, bootstrap)]
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(pathlib.Path(sys.argv[1]), sys.argv[2:]))
