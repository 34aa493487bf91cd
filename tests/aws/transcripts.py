"""What the stories' stacks and their emulated AWS said to each other.

A transcript is the file of one stack, a line of JSON for each call: `target` (service and operation, as the header has it),
`function` (the caller), `at_ms` (the stack's clock), `request`, `status`, `answer`. DynamoDB's are in the order in which the
store carried them out, with what the store answered. A line with the target `expiry` says that items were deleted which had
expired `before` a time.
"""

import json
import pathlib
import random
import re
import sys


def transcripts(folder):
    """The files by name; none is a mistake, and nothing would be checked."""
    files = sorted(pathlib.Path(folder).glob("*.jsonl"))
    if not files:
        sys.exit(f"{folder} has no transcripts: run the stories with BUZON_TRANSCRIPTS={folder}")
    return files


def story(file):
    """Which story told it, without the numbers of process and stack."""
    return re.sub(r"-\d+-\d+$", "", file.stem)


def sample(files, size, seed):
    """One stack of each story, then others by chance, until together they have `size` bytes."""
    files = list(files)
    random.Random(seed).shuffle(files)
    first = {}
    for file in files:
        first.setdefault(story(file), file)
    ordered = [*first.values(), *(file for file in files if first[story(file)] != file)]
    chosen, together = [], 0
    for file in ordered:
        if together < size or file in first.values():
            chosen.append(file)
            together += file.stat().st_size
    return chosen


def calls(file):
    """The lines of a transcript, each with its number, its service and its operation."""
    with open(file, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            call = json.loads(line)
            if call["target"] is None:  # a connection's, which has a path and no model's shape
                continue
            service, _, operation = call["target"].partition(".")
            yield call | {"line": number, "service": service, "operation": operation}


def place(file, call):
    return f"{file.name}:{call['line']}: {call['function'] or 'the stack'}: {call['operation']}"
