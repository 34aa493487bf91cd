"""Writes a stage's parameters to a file that `sam` takes as `--parameter-overrides file://…`.

    PARAMETERS=… python3 parameters.py FILE.yaml [NAME=VALUE…]

PARAMETERS has one NAME=VALUE on each line; the value is everything after the first "=", spaces and quotes included. Lines that are
empty or begin with "#" say nothing. What is given as arguments comes before it.
"""

import json
import os
import sys


def read(text):
    """The parameters by name."""
    found = {}
    for number, line in enumerate(text.splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals or not name.isalnum():
            raise SystemExit(f"PARAMETERS, line {number}: is not NAME=VALUE")
        if " " in value and any(part.partition("=")[0] in KNOWN for part in value.split()[1:]):
            raise SystemExit(f"PARAMETERS, line {number}: holds several; each needs a line of its own")
        found[name] = value
    return found


def quoted(value):
    """In quotes: reading a file, `sam` takes a pair of them away twice, also one that belongs to the value."""
    return '"' + value.replace('"', '\\"') + '"'


def known():
    """The template's parameters, without a library to read YAML with."""
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
    with open(os.path.join(root, "template.yaml"), encoding="utf-8") as file:
        section = file.read().partition("\nParameters:\n")[2].partition("\n\n")[0]
    return {line.strip().rstrip(":") for line in section.splitlines() if line[:2] == "  " and line[2:3].isalpha()}


KNOWN = known()


def main(path, *given):
    parameters = {**read("\n".join(given)), **read(os.environ.get("PARAMETERS", ""))}
    unknown = sorted(set(parameters) - KNOWN)
    if unknown:
        raise SystemExit(f"PARAMETERS: the template has no {', '.join(unknown)}")
    with open(path, "w", encoding="utf-8") as file:
        json.dump({name: quoted(quoted(value)) for name, value in parameters.items()}, file, indent=2)


if __name__ == "__main__":
    main(*sys.argv[1:])
