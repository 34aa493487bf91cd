"""Copies a checkout to the folder in which every run builds, and leaves alone what is the same there.

    python3 tree.py CHECKOUT FOLDER

Cargo knows what it has built by the path and the time of its sources, and a fresh clone has neither of the last run's: all of
ours would be built again. In one folder, whose files change only where their content does, Cargo builds what changed. What git
ignores is not copied; what is not in the checkout is removed.
"""

import os
import pathlib
import shutil
import subprocess
import sys


def tracked(checkout):
    """The files that git knows or would know, by their paths in the checkout."""
    listed = ["git", "-C", checkout, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, capture_output=True, text=True, check=True).stdout.split("\0")
    return {name for name in names if name and (checkout / name).is_file()}


def same(one, other):
    return (
        other.is_file()
        and not other.is_symlink()
        and one.stat().st_mode == other.stat().st_mode
        and one.read_bytes() == other.read_bytes()
    )


def copy(checkout, folder):
    """How many files were written or removed."""
    names, changed = tracked(checkout), 0
    for path, _, files in os.walk(folder, topdown=False):
        for name in files:
            file = pathlib.Path(path, name)
            if file.relative_to(folder).as_posix() not in names:
                file.unlink()
                changed += 1
        if not os.listdir(path):
            os.rmdir(path)
    for name in sorted(names):
        source, target = checkout / name, folder / name
        if not same(source, target):
            target.parent.mkdir(parents=True, exist_ok=True)
            target.unlink(missing_ok=True)
            shutil.copy(source, target)  # with its mode; its time is now
            changed += 1
    return changed


if __name__ == "__main__":
    here, there = (pathlib.Path(argument).resolve() for argument in sys.argv[1:])
    there.mkdir(parents=True, exist_ok=True)
    print(f"{copy(here, there)} files changed since the last run in {there}")
