"""Cargo builds again what has another time: the folder of the runs keeps the time of what is the same, and of nothing else."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

from deployed import ROOT

TREE = ROOT / ".ci/tree.py"


class Tree(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name, "tree")
        self.first, self.second = (self.clone(pathlib.Path(temporary.name, name)) for name in ("one", "two"))

    def clone(self, path):
        """A fresh checkout, whose files are as new as can be."""
        path.mkdir()
        subprocess.run(["git", "init", "--quiet", path], check=True)
        (path / ".gitignore").write_text("ignored\n")
        (path / "same.rs").write_text("fn same() {}\n")
        (path / "build").write_text("#!/bin/sh\n")
        (path / "build").chmod(0o755)
        (path / "ignored").write_text("made by a run\n")
        return path

    def copy(self, checkout):
        subprocess.run([sys.executable, TREE, checkout, self.folder], check=True, capture_output=True)
        for file in self.folder.iterdir():  # of a time that no copy has
            os.utime(file, (1_000_000_000, 1_000_000_000))

    def changed(self, checkout):
        """The files that another copy gives another time."""
        subprocess.run([sys.executable, TREE, checkout, self.folder], check=True, capture_output=True)
        return {file.name for file in self.folder.iterdir() if file.stat().st_mtime != 1_000_000_000}

    def test_another_clone_of_the_same_changes_nothing(self):
        self.copy(self.first)
        self.assertEqual(self.changed(self.second), set())

    def test_what_differs_is_new_also_where_it_is_older_than_what_was_built(self):
        self.copy(self.first)
        (self.second / "same.rs").write_text("fn other() {}\n")
        os.utime(self.second / "same.rs", (500_000_000, 500_000_000))
        self.assertEqual(self.changed(self.second), {"same.rs"})
        self.assertEqual((self.folder / "same.rs").read_text(), "fn other() {}\n")

    def test_what_is_gone_is_removed_and_what_git_ignores_is_not_copied(self):
        self.copy(self.first)
        (self.second / "same.rs").unlink()
        self.changed(self.second)
        self.assertEqual({file.name for file in self.folder.iterdir()}, {".gitignore", "build"})

    def test_modes_are_kept_and_a_new_one_is_a_change(self):
        self.copy(self.first)
        self.assertEqual((self.folder / "build").stat().st_mode & 0o777, 0o755)
        (self.second / "build").chmod(0o644)
        self.assertEqual(self.changed(self.second), {"build"})


if __name__ == "__main__":
    unittest.main()
