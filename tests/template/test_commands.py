"""Every command that a guide or `preflight` gives somebody exists, with its options."""

import importlib
import re
import unittest

import botocore.session
import samcli.commands.build.build_context as build
from botocore import xform_name
from samcli.commands.deploy.deploy_context import DeployContext

from deployed import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "infra/guides").glob("*.md")), *sorted((ROOT / "infra/preflight").glob("*.py"))]
# Of the command line itself, or customised by it: they are no operation of a service.
CUSTOM = {("cloudformation", "deploy"), ("cloudformation", "wait"), ("logs", "tail"), ("configure", "sso"), ("configure", "get")}
# What the command line calls otherwise than the service.
RENAMED = {("sns", "subscribe"): {"notification-endpoint"}}
EVERYWHERE = {"output", "query", "region", "profile", "no-cli-pager", "cli-input-json"}
# A command's line goes on after a backslash, and ends where the shell's next word or the page's next cell begins.
LINE = r"((?:\\\n|[^\n`|;&)\"])*(?:\"[^\"\n]*\"(?:\\\n|[^\n`|;&)\"])*)*)"


def commands(pattern):
    """Page, and what the pattern finds in it, of every command that begins so."""
    for page in PAGES:
        for found in re.finditer(pattern + LINE, page.read_text(encoding="utf-8")):
            yield page.name, found


def options(text):
    """Of the command itself, and not of one within it."""
    return set(re.findall(r"(?<=\s)--([a-z][a-z0-9-]*)", text.partition("$(")[0]))


class Commands(unittest.TestCase):
    def test_operations_and_options_of_aws_exist(self):
        session, seen = botocore.session.get_session(), 0
        for page, found in commands(r"\baws ([a-z][a-z0-9]+) ([a-z][a-z-]+)\b"):
            if (found[1], found[2]) in CUSTOM or found[1] not in session.get_available_services():
                continue
            with self.subTest(page, command=found[0]):
                model = session.get_service_model({"deploy": "codedeploy"}.get(found[1], found[1]))
                operations = {xform_name(name, "-"): name for name in model.operation_names}
                self.assertIn(found[2], operations)
                shape = model.operation_model(operations[found[2]]).input_shape
                flags = {xform_name(name, "-"): member for name, member in (shape.members if shape else {}).items()}
                negated = {f"no-{name}" for name, member in flags.items() if member.type_name == "boolean"}
                self.assertLessEqual(options(found[3]), {*flags, *negated, *EVERYWHERE, *RENAMED.get((found[1], found[2]), ())})
                seen += 1
        self.assertGreater(seen, 30)

    def test_commands_and_options_of_sam_exist(self):
        seen = 0
        for page, found in commands(r"(?<![\w-])sam (build|deploy|package|list [a-z-]+|local [a-z-]+)\b"):
            with self.subTest(page, command=found[0]):
                module = f"samcli.commands.{found[1]}.{'cli' if ' ' in found[1] else 'command'}"
                command = importlib.import_module(module.replace(" ", ".").replace("-", "_")).cli
                known = {name.lstrip("-") for one in command.params for name in (*one.opts, *one.secondary_opts)}
                self.assertLessEqual(options(found[2]), known)
                seen += 1
        self.assertGreater(seen, 10)

    def test_options_of_preflight_and_of_the_local_stack_exist(self):
        sources = [*(ROOT / "infra/preflight").glob("*.py"), *(ROOT / "infra/local/src/cli").rglob("*.rs")]
        known = "".join(path.read_text(encoding="utf-8") for path in sources).replace("_", "-")
        for page, found in commands(r"cargo dev\b"):
            for option in options(found[1]):
                with self.subTest(page, command=found[0]):
                    self.assertRegex(known, rf"--{option}\b|\b{option}: ")

    def test_scripts_exist(self):
        for page, found in commands(r"\bpython3? ((?:\.ci|infra|tests)/[\w./-]+)"):
            with self.subTest(page, command=found[0]):
                self.assertTrue((ROOT / found[1]).exists())

    def test_packages_are_the_versions_that_ci_uses(self):
        pinned = {line for path in (ROOT / ".ci/requirements").glob("*.in") for line in path.read_text(encoding="utf-8").split()}
        for page, found in commands(r"\bpip install\b"):
            for package in re.findall(r"\S+==\S+", found[1]):
                with self.subTest(page, package=package):
                    self.assertIn(package, pinned)

    def test_what_is_printed_of_sam_is_what_sam_prints(self):
        guide = (ROOT / "infra/guides/deploy.md").read_text(encoding="utf-8")
        done = DeployContext.MSG_EXECUTE_SUCCESS.format(stack_name="buzon", region="eu-central-1").strip()
        for said in (done, DeployContext.MSG_CONFIRM_CHANGESET, "Build Succeeded"):
            self.assertIn(said, guide)
        with open(build.__file__, encoding="utf-8") as file:
            self.assertIn("Build Succeeded", file.read())


if __name__ == "__main__":
    unittest.main()
