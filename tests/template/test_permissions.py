"""The comparison of calls with permissions finds both kinds of fault."""

import unittest

from permissions import compare


def call(function, actions, resources, **more):
    return {"function": function, "actions": actions, "resources": resources, "index": None, **more}


class Comparison(unittest.TestCase):
    def of(self, outcome, function):
        return [(action, resource) for name, action, resource in outcome if name == function]

    def test_a_call_that_is_allowed_is_neither_missing_nor_superfluous(self):
        outcome = compare([call("webhook-verify", ["secretsmanager:GetSecretValue"], ["buzon_local/meta-apps"])])
        self.assertEqual([self.of(part, "webhook-verify") for part in outcome], [[], []])

    def test_a_call_that_is_not_allowed_is_missing(self):
        missing, _ = compare([call("buzon_local-webhook-verify", ["dynamodb:PutItem"], ["buzon_local-connections"])])
        self.assertEqual(self.of(missing, "webhook-verify"), [("dynamodb:PutItem", "ConnectionsTable")])

    def test_a_permission_that_nothing_needed_is_superfluous(self):
        _, superfluous = compare([])
        self.assertEqual(self.of(superfluous, "webhook-verify"), [("secretsmanager:GetSecretValue", "MetaAppsSecret")])

    def test_a_transaction_over_several_tables_says_which_action_is_for_which(self):
        needs = [["dynamodb:PutItem", "buzon_local-messages"], ["dynamodb:UpdateItem", "buzon_local-tenants"]]
        write = call("web", ["dynamodb:PutItem", "dynamodb:UpdateItem"], ["buzon_local-messages", "buzon_local-tenants"], needs=needs)
        expected = [("dynamodb:PutItem", "MessagesTable"), ("dynamodb:UpdateItem", "TenantsTable")]
        self.assertEqual(self.of(compare([write])[0], "web"), expected)

    def test_an_index_is_a_resource_of_its_own(self):
        query = call("status", ["dynamodb:Query"], ["buzon_local-connections"], index="by-refresh")
        self.assertEqual(self.of(compare([query])[0], "status"), [("dynamodb:Query", "ConnectionsTable/index/by-refresh")])

    def test_a_queue_a_key_and_a_secret_are_recognised(self):
        missing, _ = compare([
            call("web", ["sqs:SendMessage"], ["buzon_local-InboundQueue.fifo"]),
            call("web", ["kms:Decrypt"], ["arn:aws:kms:us-east-1:000000000000:key/1"]),
            call("web", ["secretsmanager:GetSecretValue"], ["arn:aws:secretsmanager:us-east-1:0:secret:buzon_local/meta-apps-x"]),
        ])
        expected = [
            ("kms:Decrypt", "TokenKey"),
            ("secretsmanager:GetSecretValue", "MetaAppsSecret"),
            ("sqs:SendMessage", "InboundQueue"),
        ]
        self.assertEqual(self.of(missing, "web"), expected)


if __name__ == "__main__":
    unittest.main()
