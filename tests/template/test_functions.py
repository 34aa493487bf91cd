"""Every function can start, is called by what it should be, and may do no more than it says."""

import json
import re
import tomllib
import unittest

from deployed import (
    ROOT,
    allowed,
    binary,
    deployed,
    events,
    functions,
    named,
    of_type,
    permissions,
    references,
    routes,
    source,
)

OPEN_ROUTES = {
    "get /api/integrations/meta/instagram/callback": "the state and the browser's cookie are the proof",
    "get /api/integrations/meta/messenger/callback": "the state and the browser's cookie are the proof",
    "get /webhooks/meta/instagram": "the verify token is the proof",
    "post /webhooks/meta/instagram": "the signature is the proof",
    "get /webhooks/meta/messenger": "the verify token is the proof",
    "post /webhooks/meta/messenger": "the signature is the proof",
    "post /webhooks/meta/deauthorize": "the signed request is the proof",
    "post /webhooks/meta/data-deletion": "the signed request is the proof",
    "get /data-deletion/{code}": "the confirmation code is the proof",
    "$default": "pages and assets",
}


def boundary():
    """The pairs of action and resource that no function of the stack gets past."""
    return allowed(source()["Resources"]["FunctionBoundary"]["Properties"]["PolicyDocument"]["Statement"])


class Routes(unittest.TestCase):
    def test_every_route_of_a_function_leads_to_its_live_version(self):
        leads = {route: operation["x-amazon-apigateway-integration"]["uri"] for route, operation in routes()}
        for name, function in functions().items():
            for event in events(function, "HttpApi"):
                route = f"{event['Method']} {event['Path']}" if "Path" in event else "$default"
                with self.subTest(route):
                    self.assertIn(f"{name}Aliaslive", json.dumps(leads[route]))

    def test_only_routes_with_another_proof_are_open(self):
        for route, operation in routes():
            with self.subTest(route):
                is_open = not any("Jwt" in scheme for scheme in operation.get("security", []))
                self.assertEqual(is_open, route in OPEN_ROUTES)

    def access_log(self):
        return deployed()["Resources"]["HttpApiApiGatewayDefaultStage"]["Properties"]["AccessLogSettings"]

    def test_the_access_log_holds_no_query_string(self):
        self.assertNotIn("query", self.access_log()["Format"].lower())

    def test_the_access_log_is_json_with_an_error_and_without(self):
        error = {"error.message": "Internal Server Error", "error.messageString": '"Internal Server Error"',
                 "error.responseType": "INTEGRATION_FAILURE"}
        for known in ({}, error):  # API Gateway writes "-" for a variable that has no value
            line = re.sub(r"\$context\.([\w.]+)", lambda name: known.get(name[1], "-"), self.access_log()["Format"])
            with self.subTest(line):
                self.assertEqual(json.loads(line)["error"], known.get("error.message", "-"))

    def test_the_access_log_is_where_services_write_without_a_policy_for_each_group(self):
        group = source()["Resources"]["AccessLogs"]["Properties"]["LogGroupName"]
        self.assertTrue(group["Fn::Sub"].startswith("/aws/vendedlogs/${AWS::StackName}/"))

    def test_an_issuer_that_cannot_be_read_fails_the_deployment(self):
        self.assertIs(deployed()["Resources"]["HttpApi"]["Properties"]["FailOnWarnings"], True)

    def test_with_a_domain_there_is_no_way_around_it(self):
        [server] = deployed()["Resources"]["HttpApi"]["Properties"]["Body"]["servers"]
        disabled = server["x-amazon-apigateway-endpoint-configuration"]["disableExecuteApiEndpoint"]
        self.assertEqual(disabled, {"Fn::If": ["HasDomain", True, False]})

    def test_throttled_routes_exist(self):
        stage = deployed()["Resources"]["HttpApiApiGatewayDefaultStage"]
        known = {route.split(" ", 1)[0].upper() + " " + route.split(" ", 1)[1] for route, _ in routes() if " " in route}
        self.assertLessEqual(set(stage["Properties"]["RouteSettings"]), known)


class Building(unittest.TestCase):
    def test_every_function_is_built_from_a_crate_of_its_name(self):
        for name, function in functions().items():
            with self.subTest(name):
                self.assertEqual(function["Metadata"]["BuildMethod"], "rust-cargolambda")
                manifest = tomllib.loads((ROOT / "functions" / binary(function) / "Cargo.toml").read_text())
                bins = manifest.get("bin", [{"name": manifest["package"]["name"]}])
                self.assertEqual([part["name"] for part in bins], [binary(function)])

    def test_every_crate_of_a_function_is_deployed(self):
        crates = {manifest.parent.name for manifest in (ROOT / "functions").glob("*/Cargo.toml")}
        self.assertEqual({binary(function) for function in functions().values()}, crates)

    def test_every_function_has_a_sample_event(self):
        for name, function in functions().items():
            with self.subTest(name):
                samples = list((ROOT / "events").glob(f"{binary(function)}*.json"))
                self.assertTrue(samples)
                for sample in samples:
                    json.loads(sample.read_text(encoding="utf-8"))


class Running(unittest.TestCase):
    def test_what_an_environment_names_exists(self):
        known = set(source()["Resources"]) | set(source()["Parameters"]) | {"AWS::StackName", "AWS::Region", "AWS::URLSuffix"}
        for name, function in functions().items():
            with self.subTest(name):
                variables = function["Properties"].get("Environment", {}).get("Variables", {})
                self.assertLessEqual(references(variables), known)

    def test_every_function_keeps_its_logs_for_a_limited_time(self):
        groups = of_type(source(), "AWS::Logs::LogGroup")
        for name, function in functions().items():
            with self.subTest(name):
                group = groups[function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]]
                self.assertIn("RetentionInDays", group["Properties"])

    def test_every_function_moves_to_a_new_version_with_the_alarms_watching(self):
        resources = deployed()["Resources"]
        for name in functions():
            with self.subTest(name):
                group = resources[f"{name}DeploymentGroup"]["Properties"]
                self.assertIn("ApiFaults", json.dumps(group["AlarmConfiguration"]))
                self.assertIn("CodeDeployLambdaAliasUpdate", resources[f"{name}Aliaslive"]["UpdatePolicy"])

    def test_two_stacks_fit_into_one_account(self):
        names = {
            "AWS::Serverless::Function": "FunctionName", "AWS::DynamoDB::Table": "TableName", "AWS::SQS::Queue": "QueueName",
            "AWS::SecretsManager::Secret": "Name", "AWS::KMS::Alias": "AliasName", "AWS::Logs::LogGroup": "LogGroupName",
            "AWS::Scheduler::Schedule": "Name",
        }
        for name, resource in {**deployed()["Resources"], **functions()}.items():
            given = resource.get("Properties", {}).get(names.get(resource["Type"]))
            if given is not None:
                with self.subTest(name):
                    self.assertIn("${AWS::StackName}", json.dumps(given))

    def test_every_function_can_be_traced(self):
        for name in functions():
            with self.subTest(name):
                mode = deployed()["Resources"][name]["Properties"]["TracingConfig"]["Mode"]
                self.assertEqual(mode, {"Ref": "Tracing"})


class Policies(unittest.TestCase):
    def test_a_policy_names_single_actions_and_single_resources(self):
        for name, function in functions().items():
            for action, resource in permissions(function):
                with self.subTest(name, action=action, resource=resource):
                    self.assertNotIn("*", action)
                    # Nobody knows beforehand what a browser's connection will be called.
                    self.assertNotIn("*", resource.removesuffix("/POST/@connections/*"))

    def test_an_index_that_a_policy_names_exists(self):
        for name, function in functions().items():
            for _, resource in permissions(function):
                table, _, index = resource.partition("/index/")
                if table.startswith("arn:"):
                    continue
                with self.subTest(name, resource=resource):
                    properties = source()["Resources"][table]["Properties"]
                    indexes = properties.get("GlobalSecondaryIndexes", [])
                    self.assertTrue(not index or index in [known["IndexName"] for known in indexes])

    def test_every_role_has_the_boundary_which_holds_all_that_the_policies_allow(self):
        inside = boundary()
        for name, function in functions().items():
            role = deployed()["Resources"][f"{name}Role"]["Properties"]
            self.assertEqual(role["PermissionsBoundary"], {"Ref": "FunctionBoundary"}, name)
            for action, resource in permissions(function):
                with self.subTest(name, action=action, resource=resource):
                    table, _, index = resource.partition("/index/")
                    self.assertIn((action, f"{table}/index/*" if index else resource), inside)

    def test_the_boundary_lets_no_function_into_another_stack(self):
        # A prefix of names would: "buzon-*" is also what begins the names of the stack "buzon-staging".
        for action, resource in boundary():
            if not action.startswith(("xray:", "kms:")):
                with self.subTest(action, resource=resource):
                    own = resource.partition("/")[0]
                    if own.startswith("arn:"):  # what has no ARN of its own to ask for: an API's connections, a bus by its name
                        [own] = [name for service, name in (("execute-api", "LiveApi"), ("events", "EventBusName")) if f":{service}:" in resource]
                        self.assertIn(own, resource)
                    self.assertIn(own, source()["Resources"] | source()["Parameters"])

    def test_every_function_may_write_its_own_log(self):
        for name, function in functions().items():
            with self.subTest(name):
                group = function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"]
                self.assertLessEqual({("logs:CreateLogStream", group), ("logs:PutLogEvents", group)}, boundary())

    def test_a_queue_that_is_read_is_inside_the_boundary(self):
        inside = boundary()
        for name, function in functions().items():
            for event in events(function, "SQS"):
                for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"):
                    with self.subTest(name, action=action):
                        self.assertIn((action, named(event["Queue"])), inside)

    def test_a_function_is_told_of_exactly_the_tables_that_it_may_use(self):
        tables = of_type(source(), "AWS::DynamoDB::Table")
        for name, function in functions().items():
            with self.subTest(name):
                may = {resource.partition("/")[0] for _, resource in permissions(function)} & set(tables)
                told = references(function["Properties"].get("Environment", {})) & set(tables)
                self.assertLessEqual(may, told)


if __name__ == "__main__":
    unittest.main()
