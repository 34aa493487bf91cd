"""Holds the stories' calls to AWS, and our emulator's answers, against AWS's models and documented limits.

    python documented.py TRANSCRIPTS

TRANSCRIPTS is a folder of what stacks and their AWS said to each other. Exits 1 for what AWS would not take or answer, unless KNOWN
names it, and where nothing was checked.
"""

import collections
import sys
import time

import shapes
from limits import Stack
from transcripts import calls, place, transcripts

SERVICES = set(shapes.MODELS) - {"DynamoDBStreams_20120810"}  # no function reads streams


def main(folder):
    began = time.monotonic()
    checked = collections.Counter()
    faults = collections.defaultdict(list)
    files = transcripts(folder)
    for file in files:
        stack = Stack()
        for call in calls(file):
            if call["service"] in shapes.MODELS:
                checked[call["service"]] += 1
                for fault in check(stack, call):
                    faults[fault].append(place(file, call))
    print(f"{checked.total()} calls of {len(files)} stacks held against models and limits, {time.monotonic() - began:.0f} s")
    for service, number in sorted(checked.items()):
        print(f"  {number:7} {service}")
    for fault, places in sorted(faults.items(), key=lambda found: -len(found[1])):
        print(f"{len(places)} times: {fault}\n  first at {places[0]}")
    if not SERVICES <= set(checked):
        print(f"No call of {', '.join(sorted(SERVICES - set(checked)))}: nothing is proved by this")
        return 1
    return 1 if faults else 0


def check(stack, call):
    found = shapes.faults(call)
    # What AWS refuses by its model has no sizes to look at.
    return found if any("request" in fault for fault in found) else [*found, *stack.faults(call)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
