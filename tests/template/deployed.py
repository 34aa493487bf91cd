"""The templates as CloudFormation gets them: read, and transformed offline by SAM's own translator."""

import functools
import pathlib
import re
import sys

from samtranslator.yaml_helper import yaml_parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
PARAMETERS = {"JwtIssuer": "https://login.example.com", "JwtAudience": "buzon"}

sys.path.insert(0, str(ROOT / "infra" / "tools"))

from transform import transformed  # noqa: E402: found by the line above


def read(path):
    return yaml_parse((ROOT / path).read_text(encoding="utf-8"))


@functools.cache
def source():
    """template.yaml as it is written."""
    return read("template.yaml")


@functools.cache
def deployed():
    """What CloudFormation is given."""
    template = read("template.yaml")
    for function in of_type(template, "AWS::Serverless::Function").values():
        function["Properties"]["CodeUri"] = "s3://bucket/key"  # as `sam package` leaves it
    return transformed(template, PARAMETERS)


def routes():
    """The API's operations by "method path", as SAM writes them into its OpenAPI document."""
    paths = deployed()["Resources"]["HttpApi"]["Properties"]["Body"]["paths"]
    for path, methods in paths.items():
        for method, operation in methods.items():
            if method != "options":
                path = path.lstrip("/") if path == "/$default" else path
                yield (path if path == "$default" else f"{method} {path}"), operation


def of_type(template, kind):
    return {name: resource for name, resource in template["Resources"].items() if resource["Type"] == kind}


def functions():
    """The functions as they are written, by logical id."""
    return of_type(source(), "AWS::Serverless::Function")


def binary(function):
    return function["Metadata"]["BuildProperties"]["Binary"]


def timeout(function):
    """Seconds."""
    return function["Properties"].get("Timeout", source()["Globals"]["Function"]["Timeout"])


def events(function, kind):
    declared = function["Properties"].get("Events", {})
    return [event.get("Properties", {}) for event in declared.values() if event["Type"] == kind]


def named(value):
    """A resource that a policy or a property names: its logical id, and what follows its ARN."""
    match value:
        case {"Ref": name}:
            return name
        case {"Fn::GetAtt": [name, *_]}:
            return name
        case {"Fn::GetAtt": str(path)}:
            return path.split(".")[0]
        case {"Fn::Sub": str(text)}:
            return re.sub(r"\$\{(\w+)(\.Arn)?\}", r"\1", text)
        case str(text):
            return text
    raise AssertionError(f"{value} names no single resource")


def listed(value):
    return value if isinstance(value, list) else [value]


def allowed(statements):
    """The pairs of action and resource that a policy's statements allow."""
    pairs = set()
    for statement in statements:
        assert statement["Effect"] == "Allow", statement
        for action in listed(statement["Action"]):
            pairs.update((action, named(resource)) for resource in listed(statement["Resource"]))
    return pairs


def permissions(function):
    """What a function's own policy allows."""
    policies = function["Properties"].get("Policies", [])
    return allowed([statement for policy in policies for statement in policy["Statement"]])


def references(value):
    """Every logical id that a value names."""
    if isinstance(value, list):
        return {name for item in value for name in references(item)}
    if not isinstance(value, dict):
        return set()
    match value:
        case {"Ref": str(name)}:
            return {name}
        case {"Fn::GetAtt": _}:
            return {named(value)}
        case {"Fn::Sub": text}:
            template, own = (text, {}) if isinstance(text, str) else text
            names = {name.split(".")[0] for name in re.findall(r"\$\{([\w:.]+)\}", template)}
            return (names - set(own)) | references(own)
    return {name for item in value.values() for name in references(item)}
