"""What the guides name exists: files, sections, routes, parameters, outputs, functions, commands."""

import json
import re
import tomllib
import unittest

from samcli.local.lambdafn.env_vars import EnvironmentVariables

from deployed import ROOT, binary, events, functions, source

PAGES = [ROOT / "README.md", ROOT / "infra/README.md", *sorted((ROOT / "infra/guides").glob("*.md"))]


def anchors(page):
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def variables():
    """Every environment variable of every function."""
    for function in [source()["Globals"]["Function"], *(one["Properties"] for one in functions().values())]:
        yield from function.get("Environment", {}).get("Variables", {})


class Guides(unittest.TestCase):
    def each(self, pattern, check):
        for page in PAGES:
            for found in re.finditer(pattern, page.read_text(encoding="utf-8"), flags=re.MULTILINE):
                with self.subTest(page.name, found=found[0]):
                    check(page, found)

    def test_links_lead_somewhere(self):
        def check(page, link):
            target = (page.parent / link[1]).resolve() if link[1] else page
            self.assertTrue(target.exists())
            if link[2]:
                self.assertIn(link[2][1:], anchors(target))

        self.each(r"\]\((?!https?:)([^)#]*)(#[^)]*)?\)", check)

    def test_routes_exist(self):
        routes = [event for function in functions().values() for event in events(function, "HttpApi")]
        known = [event["Path"] for event in routes if "Path" in event]
        self.each(
            r"(?<![\w.])(/(?:api|webhooks)/[\w/{}-]*\w)",
            lambda _, path: self.assertTrue(any(route.startswith(path[1]) for route in known)),
        )

    def test_parameters_exist(self):
        known = source()["Parameters"]
        self.each(r"`([A-Z][A-Za-z]+)=", lambda _, name: self.assertIn(name[1], known))
        rows = re.findall(r"^ *\| (`[A-Z].*?) \|", (ROOT / "infra/guides/deploy.md").read_text(encoding="utf-8"), re.MULTILINE)
        for name in re.findall(r"`(\w+)`", " ".join(rows)):
            with self.subTest(name):
                self.assertIn(name, known)

    def test_outputs_exist(self):
        known = set(source()["Outputs"])
        self.each(r"(?:\$\(|^|`)output ([A-Z]\w+)", lambda _, name: self.assertIn(name[1], known))

    def test_every_function_can_be_invoked_as_it_is_written(self):
        page = (ROOT / "infra/guides/deploy.md").read_text(encoding="utf-8")
        for name, function in functions().items():
            with self.subTest(name):
                event = rf"(events/{binary(function)}[a-z-]*\.json)"
                line = rf"cargo lambda invoke {binary(function)} --data-file {event}.*sam local invoke {name} -e \1"
                found = re.search(line, page)
                self.assertTrue(found and (ROOT / found[1]).exists())

    def test_commands_of_the_local_stack_exist(self):
        commands = (ROOT / "infra/local/src/cli/mod.rs").read_text(encoding="utf-8")
        self.each(r"cargo dev ([a-z]+)\b", lambda _, name: self.assertRegex(commands, rf"\b{name[1].capitalize()}\b"))

    def test_packages_are_installed_in_a_virtual_environment(self):
        for page in PAGES:
            text = page.read_text(encoding="utf-8")
            for place in (found.start() for found in re.finditer(r"\bpip install\b", text)):
                with self.subTest(page.name):
                    before = text[:place].rpartition("```")[2]
                    self.assertRegex(before + text[:place].rpartition("\n")[2], r"-m venv|\| ", "PEP 668: systems refuse it")

    def test_deployments_are_looked_up_by_their_application_and_group(self):
        text = (ROOT / "infra/guides/runbook.md").read_text(encoding="utf-8")
        calls = re.findall(r"aws deploy list-deployments\b(?:[^\n]|\\\n)*", text)
        self.assertTrue(calls)
        for call in calls:
            self.assertIn("--application-name", call)
            self.assertIn("--deployment-group-name", call)

    def test_nothing_is_deleted_by_a_prefix_that_another_stack_shares(self):
        for page in PAGES:
            text = page.read_text(encoding="utf-8")
            self.assertNotIn("queue-name-prefix", text)
            self.assertNotRegex(text, r"aws dynamodb delete-table")

    def test_parameters_that_hold_for_the_first_deployment_only_are_explained(self):
        text = (ROOT / "infra/guides/deploy.md").read_text(encoding="utf-8")
        self.assertIn("make it `DeletionProtection=true`", text)
        self.assertIn("has not confirmed to be told", text)

    def test_the_checklist_shows_as_many_functions_as_there_are(self):
        text = (ROOT / "infra/guides/deploy.md").read_text(encoding="utf-8")
        self.assertIn(f"all {len(functions())} start and answer", text)

    def test_local_variables_are_those_of_the_template(self):
        lines = (ROOT / "events/local.env").read_text(encoding="utf-8").splitlines()
        local = dict(line.split("=", 1) for line in lines)
        self.assertEqual(json.loads((ROOT / "events/local.json").read_text(encoding="utf-8")), {"Parameters": local})
        theirs = {"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}  # Lambda's own
        self.assertEqual(set(local) - theirs, set(variables()))

    def test_a_function_that_sam_tries_talks_to_the_local_stack_and_could_find_nothing_in_aws(self):
        config = tomllib.loads((ROOT / "samconfig.toml").read_text(encoding="utf-8"))["default"]["local_invoke"]["parameters"]
        local = json.loads((ROOT / config["env_vars"]).read_text(encoding="utf-8"))["Parameters"]
        for name, function in functions().items():
            with self.subTest(name):
                declared = [one.get("Environment", {}).get("Variables", {}) for one in (source()["Globals"]["Function"], function["Properties"])]
                given = EnvironmentVariables(variables={**declared[0], **declared[1]}, override_values=local).resolve()
                self.assertEqual(given["AWS_ENDPOINT_URL"], local["AWS_ENDPOINT_URL"])
                resources = [value for key, value in given.items() if re.search(r"_TABLE$|_QUEUE_|_SECRET_ID$", key)]
                # A stack's name has letters, digits and hyphens.
                self.assertTrue(all(re.search(r"\bbuzon_local\b", value) for value in resources), resources)


if __name__ == "__main__":
    unittest.main()
