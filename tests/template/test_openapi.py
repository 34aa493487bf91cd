"""infra/openapi.yaml is valid and describes the routes that are deployed. The stories hold every answer against it."""

import re
import unittest

import yaml
from deployed import ROOT, routes, source
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

DOCUMENT = yaml.safe_load((ROOT / "infra/openapi.yaml").read_text(encoding="utf-8"))
METHODS = ("get", "put", "post", "delete", "patch")
REFERENCE = "#/components/"


def operations():
    """The operations by "method path"."""
    for path, item in DOCUMENT["paths"].items():
        for method in METHODS:
            if method in item:
                yield f"{method} {path}", item[method]


def is_page(operation):
    """Whether the template has it as a part of `$default`."""
    return operation["tags"] == ["Pages"]


def resolved(value):
    """What a reference leads to; anything else as it is."""
    while "$ref" in value:
        found = DOCUMENT
        for key in value["$ref"].removeprefix("#/").split("/"):
            found = found[key]
        value = found
    return value


def references(value):
    """The names of all components that a value refers to, as "schemas/Time"."""
    if isinstance(value, list):
        return {name for item in value for name in references(item)}
    if not isinstance(value, dict):
        return set()
    own = {value["$ref"].removeprefix(REFERENCE)} if isinstance(value.get("$ref"), str) else set()
    return own | {name for item in value.values() for name in references(item)}


def media(operation):
    """The media types of an operation's request and answers."""
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for body in map(resolved, bodies):
        yield from body.get("content", {}).values()


class Document(unittest.TestCase):
    def test_it_is_valid_openapi_3_1(self):
        self.assertTrue(DOCUMENT["openapi"].startswith("3.1."))
        OpenAPIV31SpecValidator(DOCUMENT).validate()

    def test_every_component_is_referred_to(self):
        known = {f"{kind}/{name}" for kind, parts in DOCUMENT["components"].items() for name in parts}
        schemes = {f"securitySchemes/{name}" for scheme in DOCUMENT["security"] for name in scheme}
        self.assertEqual(known, references(DOCUMENT) | schemes)

    def test_every_example_is_of_its_schema(self):
        for name, operation in operations():
            for content in media(operation):
                schema = {**content["schema"], "components": DOCUMENT["components"]}
                given = [content["example"]] if "example" in content else []
                named = [resolved(example)["value"] for example in content.get("examples", {}).values()]
                for example in given + named:
                    with self.subTest(name, example=example):
                        OAS31Validator(schema, format_checker=OAS31Validator.FORMAT_CHECKER).validate(example)

    def test_an_object_of_ours_has_no_field_that_is_not_described(self):
        open_ones = {"Open", "Problem", "StatusFields", "ConnectionFields", "TenantFields"}
        asked = {"StartRequest", "ChosenAccount", "SelectRequest", "DisconnectRequest"}  # these pass unknown fields over
        for name, schema in DOCUMENT["components"]["schemas"].items():
            if (schema.get("type") == "object" or "allOf" in schema) and name not in open_ones | asked:
                with self.subTest(name):
                    closed = schema.get("additionalProperties", schema.get("unevaluatedProperties"))
                    self.assertIs(closed, False)


class Deployed(unittest.TestCase):
    def test_it_describes_the_routes_that_are_deployed_and_no_other(self):
        described = {name for name, operation in operations() if not is_page(operation)}
        self.assertEqual(described, {route for route, _ in routes()} - {"$default"})

    def test_it_describes_the_pages_that_there_are(self):
        code = (ROOT / "functions/web/src/pages.rs").read_text(encoding="utf-8")
        pages = {f"get {path}" for path in re.findall(r'\bpath: "(/[^"]*)"', code)}
        posted = re.findall(r'\bCONNECT: &str = "(/[^"]*)"', code)
        pages |= {f"{method} {path}" for path in posted for method in ("get", "post")}
        described = {name for name, operation in operations() if is_page(operation)}
        self.assertEqual({name for name in described if "/ui/" not in name}, pages)

    def test_an_operation_needs_a_token_where_the_template_does(self):
        authorized = {route: "Jwt" in str(operation.get("security", [])) for route, operation in routes()}
        for name, operation in operations():
            with self.subTest(name):
                needed = bool(operation.get("security", DOCUMENT["security"]))
                self.assertEqual(needed, authorized["$default" if is_page(operation) else name])
                self.assertEqual("x-roles" in operation, needed)
                self.assertEqual({"401", "403", "500"} <= set(operation["responses"]), needed)

    def test_a_page_of_another_origin_may_send_and_read_the_headers_that_are_described(self):
        cors = source()["Resources"]["HttpApi"]["Properties"]["CorsConfiguration"]
        called = [operation for _, operation in operations() if operation.get("security", DOCUMENT["security"])]
        answers = [resolved(answer) for operation in called for answer in operation["responses"].values()]
        read = {name for answer in answers for name in answer.get("headers", {})}
        self.assertEqual(read - {"set-cookie", "www-authenticate"}, set(cors["ExposeHeaders"]))
        asked = [resolved(parameter) for operation in called for parameter in operation.get("parameters", [])]
        sent = {parameter["name"].lower() for parameter in asked if parameter["in"] == "header"}
        self.assertEqual(sent | {"authorization", "content-type"}, set(cors["AllowHeaders"]))

    def test_a_path_that_names_a_parameter_describes_it(self):
        for name, operation in operations():
            with self.subTest(name):
                path = name.split(" ", 1)[1]
                item = DOCUMENT["paths"][path]
                given = map(resolved, [*item.get("parameters", []), *operation.get("parameters", [])])
                described = {parameter["name"] for parameter in given if parameter["in"] == "path"}
                self.assertEqual(described, set(re.findall(r"\{(\w+)\}", path)))


class Problems(unittest.TestCase):
    def test_a_problem_is_described_under_its_own_status(self):
        for name, operation in operations():
            for status, answer in operation["responses"].items():
                schema = resolved(answer).get("content", {}).get("application/problem+json", {}).get("schema", {})
                for problem in map(resolved, schema.get("oneOf", [schema] if schema else [])):
                    with self.subTest(name, problem=problem["properties"]["type"]["const"]):
                        own = problem["properties"]["status"]
                        self.assertIn(int(status), own.get("enum", [own.get("const")]))

    def test_every_problem_that_the_functions_answer_is_described_and_no_other(self):
        answered = set()
        for file in [*ROOT.glob("functions/*/src/**/*.rs"), *ROOT.glob("shared/edge/src/*.rs")]:
            code = file.read_text(encoding="utf-8").split("#[cfg(test)]")[0]
            answered.update(re.findall(r'(?:Problem|Self)::(?:new|constant)\(\s*\d+,\s*"([a-z-]+)"', code))
        plan = {"plan-required", "plan-limit", "quota-exceeded"}  # told apart by edge::problem, not by their calls
        types = [schema.get("properties", {}).get("type", {}) for schema in DOCUMENT["components"]["schemas"].values()]
        described = {str(kind.get("const")) for kind in types}
        described = {kind.removeprefix("/problems/") for kind in described if kind.startswith("/problems/")}
        self.assertEqual(described, answered | plan)


if __name__ == "__main__":
    unittest.main()
