"""What is deployed, or shall be: its name, its parameters, and what AWS says of it."""

import functools
import pathlib

import boto3
import tomlkit
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from samcli.cli.types import CfnParameterOverridesType
from samtranslator.yaml_helper import yaml_parse

import meta_apps

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = Config(connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 3})
# Its stack is there, but nothing of it works.
NEVER_STOOD = ("REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_COMPLETE")


def read(path):
    return yaml_parse((ROOT / path).read_text(encoding="utf-8"))


def of_sam(environment, path=ROOT / "samconfig.toml"):
    """What `sam deploy` is told by its file."""
    config = tomlkit.parse(path.read_text(encoding="utf-8")).unwrap().get(environment, {})
    commands = (config.get(command, {}).get("parameters", {}) for command in ("global", "deploy"))
    return functools.reduce(lambda one, other: one | other, commands)


def as_sam_reads(overrides):
    """Parameters as they are written for `--parameter-overrides`: a text, a list, `file://…`, or a table."""
    if isinstance(overrides, dict):
        return {name: str(value) for name, value in overrides.items()}
    texts = [overrides] if isinstance(overrides, str) else list(overrides or [])
    return CfnParameterOverridesType().convert(tuple(texts), None, None) if texts else {}


class NotDeployed(Exception):
    """There is no such stack."""


class Deployment:
    """Reads everything when it is asked for, and once."""

    def __init__(self, options):
        told = of_sam(options.config_env)
        self.name = options.stack_name or told.get("stack_name", "buzon")
        self.overrides = as_sam_reads(options.parameter_overrides or told.get("parameter_overrides"))
        self.session = boto3.Session(
            profile_name=options.profile or told.get("profile"), region_name=options.region or told.get("region")
        )
        self.region = self.session.region_name
        self.is_after = options.after
        self.token_from = options.token

    @functools.cache
    def client(self, service):
        return self.session.client(service, config=PATIENCE)

    @functools.cached_property
    def template(self):
        return read("template.yaml")

    @functools.cached_property
    def stack(self):
        """As CloudFormation describes it, or `None`."""
        try:
            return self.client("cloudformation").describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in str(error):
                return None
            raise

    @property
    def standing(self):
        if not self.stands():
            raise NotDeployed
        return self.stack

    def stands(self):
        return self.stack is not None and self.stack["StackStatus"] not in NEVER_STOOD

    @functools.cached_property
    def deployed(self):
        """The parameters that it was deployed with."""
        return {one["ParameterKey"]: one["ParameterValue"] for one in self.standing.get("Parameters", [])}

    @functools.cached_property
    def given(self):
        """The parameters that somebody chose. What `sam deploy` is not told keeps the value that a stack has."""
        return self.deployed if self.is_after else self.kept() | self.overrides

    def kept(self):
        """Of a stack that stands; of none where AWS is not asked, as in the workflow before it has credentials."""
        try:
            kept = self.deployed if self.stands() else {}
            return {name: value for name, value in kept.items() if name in self.template["Parameters"]}
        except (BotoCoreError, ClientError):
            return {}

    @functools.cached_property
    def parameters(self):
        """The value of each that has one."""
        defaults = {name: str(rule["Default"]) for name, rule in self.template["Parameters"].items() if "Default" in rule}
        return defaults | self.given

    @functools.cached_property
    def outputs(self):
        return {one["OutputKey"]: one["OutputValue"] for one in self.standing.get("Outputs", [])}

    @functools.cache
    def resources(self, stack):
        """A stack's resources: what CloudFormation calls each, by its logical id."""
        pages = self.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
        found = [one for page in pages for one in page["StackResourceSummaries"]]
        return {one["LogicalResourceId"]: one for one in found if one.get("PhysicalResourceId")}

    def physical(self, name):
        """What AWS calls one of our resources, or `None`."""
        return self.resources(self.name).get(name, {}).get("PhysicalResourceId")

    @property
    def secret_name(self):
        return f"{self.name}/meta-apps"

    @functools.cached_property
    def apps(self):
        """The Meta apps of the secret. Raises `meta_apps.Unusable`."""
        return meta_apps.read(self.client("secretsmanager"), self.outputs["MetaAppsSecretArn"])

    def of_type(self, kind):
        """Our resources of a type, as they are written."""
        return {name: one for name, one in self.template["Resources"].items() if one["Type"] == kind}
