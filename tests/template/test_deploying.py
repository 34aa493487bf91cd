"""What the workflow does with a build, and what it asks before and after: run here as it is written there."""

import importlib.util
import json
import os
import pathlib
import subprocess
import tempfile
import unittest
import unittest.mock

import yaml
from samcli.cli.types import CfnParameterOverridesType
from samcli.lib.providers.sam_function_provider import SamFunctionProvider
from samcli.lib.providers.sam_stack_provider import SamLocalStackProvider

from deployed import ROOT, source


def tool(name):
    """A script of .ci as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def workflow(name):
    return yaml.safe_load((ROOT / ".github/workflows" / f"{name}.yaml").read_text(encoding="utf-8"))


def steps(name, job):
    return workflow(name)["jobs"][job]["steps"]


def step(name, job, title):
    [found] = [one for one in steps(name, job) if one.get("name") == title]
    return found


def program(machine):
    """The head of an ELF file."""
    return b"\x7fELF\x02\x01\x01" + bytes(9) + b"\x03\x00" + machine.to_bytes(2, "little") + bytes(44)


def build(folder, mode=0o755, machine=183):
    """What `sam build` leaves for one function."""
    bootstrap = folder / ".aws-sam/build/WebFunction/bootstrap"
    bootstrap.parent.mkdir(parents=True)
    bootstrap.write_bytes(program(machine))
    bootstrap.chmod(mode)


class Artefact(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.built, self.fetched = pathlib.Path(temporary.name, "built"), pathlib.Path(temporary.name, "fetched")
        self.fetched.mkdir()

    def faults(self, folder, architecture="arm64"):
        return tool("artefact").check(folder / ".aws-sam/build", architecture)["WebFunction"]

    def test_a_function_that_was_packed_and_unpacked_as_the_workflow_does_it_can_be_started(self):
        build(self.built)
        subprocess.run(["bash", "-ec", step("deploy", "build", "Pack")["run"]], cwd=self.built, check=True)
        [upload] = [one["with"] for one in steps("deploy", "build") if "upload-artifact" in one.get("uses", "")]
        # An artefact keeps what a file holds, and no mode.
        artefact = self.fetched / upload["path"]
        artefact.write_bytes((self.built / upload["path"]).read_bytes())
        artefact.chmod(0o644)
        subprocess.run(["bash", "-ec", step("stage", "deploy", "Unpack")["run"]], cwd=self.fetched, check=True)
        self.assertEqual(self.faults(self.fetched), [])

    def test_a_bootstrap_without_the_executable_bit_is_found(self):
        build(self.built, mode=0o644)
        self.assertEqual(self.faults(self.built), ["its bootstrap may not be executed (mode 644)"])

    def test_a_bootstrap_for_another_machine_is_found(self):
        build(self.built)
        self.assertEqual(self.faults(self.built, "x86_64"), ["its bootstrap is no program for x86_64"])

    def test_what_lambda_would_unpack_can_be_had(self):
        build(self.built)
        tool("artefact").check(self.built / ".aws-sam/build", "arm64", self.fetched)
        self.assertEqual((self.fetched / "WebFunction/bootstrap").stat().st_mode & 0o777, 0o755)


class Workflow(unittest.TestCase):
    def order(self, *marks):
        texts = [json.dumps(one) for one in steps("stage", "deploy")]
        return [next(place for place, text in enumerate(texts) if mark in text) for mark in marks]

    def test_nothing_is_installed_once_there_are_credentials(self):
        installed, assumed, deployed = self.order("venv template", "configure-aws-credentials", "sam deploy")
        self.assertTrue(installed < assumed < deployed)
        for later in steps("stage", "deploy")[assumed:]:
            self.assertNotRegex(later.get("run", ""), r"\b(venv|pip|npm|cargo)\b")

    def test_artefact_parameters_and_issuer_are_checked_before_and_functions_after_deploying(self):
        checks = ("artefact.py", "parameters.py", "--only issuer", "sam deploy", "--only functions")
        places = self.order(*checks)
        self.assertEqual(places, sorted(places))

    def test_tables_are_unprotected_for_the_first_deployment_and_protected_by_the_next(self):
        # What `sam` is not told keeps the value that the stack has, and not the default.
        told = step("stage", "deploy", "What would be deployed can be started, and its parameters are known")["run"]
        self.assertRegex(told, r"first\.yaml .*DeletionProtection=false\b")
        self.assertRegex(told, r"parameters\.yaml .*DeletionProtection=true\b")

    def test_production_waits_for_staging_and_both_take_nothing_but_a_tag(self):
        jobs = workflow("deploy")["jobs"]
        self.assertEqual(jobs["production"]["needs"], "staging")
        for stage in ("staging", "production"):
            with self.subTest(stage):
                self.assertEqual(jobs[stage]["if"], "startsWith(github.ref, 'refs/tags/v')")

    def test_what_is_built_and_what_is_deployed_are_for_the_same_architecture(self):
        architecture = "${{ vars.ARCHITECTURE || 'arm64' }}"
        self.assertEqual(step("deploy", "build", "Every function, within its budget")["env"]["ARCHITECTURE"], architecture)
        [check] = [one for one in steps("stage", "deploy") if "artefact.py" in one.get("run", "")]
        self.assertEqual(check["env"]["ARCHITECTURE"], architecture)
        self.assertIn('"Architecture=$ARCHITECTURE"', check["run"])
        self.assertIn('--parameter-overrides "Architecture=$architecture"', (ROOT / ".ci/build").read_text(encoding="utf-8"))

    def test_sam_builds_every_function_for_the_architecture_that_it_is_told(self):
        stacks, _ = SamLocalStackProvider.get_stacks(str(ROOT / "template.yaml"), parameter_overrides={"Architecture": "x86_64"})
        built = {function.name: function.architectures for function in SamFunctionProvider(stacks).get_all()}
        self.assertEqual(set(map(tuple, built.values())), {("x86_64",)}, built)

    def test_everything_that_is_installed_is_pinned_by_its_hash(self):
        self.assertIn("--require-hashes", (ROOT / ".ci/tools").read_text(encoding="utf-8"))
        for wanted in (ROOT / ".ci/requirements").glob("*.in"):
            pinned = wanted.with_suffix(".txt").read_text(encoding="utf-8")
            for line in wanted.read_text(encoding="utf-8").splitlines():
                requirement = line.partition("#")[0].strip()
                with self.subTest(requirement):
                    self.assertTrue(f"{requirement} \\\n    --hash=sha256:" in pinned)


class Parameters(unittest.TestCase):
    def as_sam_reads(self, text, *given):
        with tempfile.TemporaryDirectory() as folder, unittest.mock.patch.dict(os.environ, PARAMETERS=text):
            path = pathlib.Path(folder, "parameters.yaml")
            tool("parameters").main(path, *given)
            return CfnParameterOverridesType().convert((f"file://{path}",), None, None)

    def test_values_with_spaces_and_quotes_arrive_as_they_are_written(self):
        text = """
        JwtIssuer=https://login.example.com/?tenant=a
        Brand=Casa "Azul" & Söhne
        FrameAncestors='self' https://app.example.com
        # a remark
        PlanClaim=
        """
        expected = {
            "Stage": "staging",
            "JwtIssuer": "https://login.example.com/?tenant=a",
            "Brand": 'Casa "Azul" & Söhne',
            "FrameAncestors": "'self' https://app.example.com",
            "PlanClaim": "",
        }
        self.assertEqual(self.as_sam_reads(text, "Stage=staging"), expected)
        self.assertEqual(self.as_sam_reads("FrameAncestors='none'"), {"FrameAncestors": "'none'"})

    def test_a_parameter_that_the_template_does_not_know_is_refused(self):
        with self.assertRaisesRegex(SystemExit, "no Brnad"):
            self.as_sam_reads("Brnad=Casa")

    def test_several_on_a_line_are_refused(self):
        with self.assertRaisesRegex(SystemExit, "a line of its own"):
            self.as_sam_reads("JwtIssuer=https://a JwtAudience=b")

    def test_the_parameters_are_those_of_the_template(self):
        self.assertEqual(tool("parameters").KNOWN, set(source()["Parameters"]))


if __name__ == "__main__":
    unittest.main()
