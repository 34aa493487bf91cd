"""The workflow's role may do what deploying takes, and nothing that is for no resource of the templates."""

import json
import unittest

import deployer
from deployed import ROOT, listed, of_type, read


class Deployer(unittest.TestCase):
    def statements(self):
        for policy in of_type(read("infra/deployer.yaml"), "AWS::IAM::ManagedPolicy").values():
            yield from policy["Properties"]["PolicyDocument"]["Statement"]

    def test_the_policy_is_the_one_that_follows_from_the_templates(self):
        committed = (ROOT / "infra/deployer.yaml").read_text(encoding="utf-8")
        self.assertEqual(committed, deployer.template(), "python tests/template/deployer.py > infra/deployer.yaml")

    def test_every_action_that_aws_lists_for_a_type_is_allowed_or_left_out_for_a_reason(self):
        may = {action for statement in self.statements() for action in listed(statement["Action"])}
        known = deployer.listed_by_aws()
        for kind in deployer.types():
            with self.subTest(kind):
                self.assertEqual({one for one in known[kind] - may if not one.startswith(tuple(deployer.LEFT_OUT))}, set())

    def test_nothing_is_left_out_that_aws_does_not_list(self):
        every = set().union(*(deployer.listed_by_aws()[kind] for kind in deployer.types()))
        for prefix in deployer.LEFT_OUT:
            with self.subTest(prefix):
                self.assertTrue(any(action.startswith(prefix) for action in every))

    def test_functions_roles_and_data_are_those_of_the_stack(self):
        for statement in self.statements():
            for action in listed(statement["Action"]):
                if action in ("iam:PassRole", "iam:CreateRole", "lambda:InvokeFunction", "dynamodb:DeleteTable", "sqs:DeleteQueue"):
                    with self.subTest(action):
                        self.assertTrue(all("${Stack}" in json.dumps(one) or "mapping" in json.dumps(one) for one in statement["Resource"]))

    def test_a_managed_policy_fits_into_what_iam_takes(self):
        for name, policy in of_type(read("infra/deployer.yaml"), "AWS::IAM::ManagedPolicy").items():
            text = json.dumps(policy["Properties"]["PolicyDocument"], separators=(",", ":"))
            text = text.replace("${AWS::Partition}", "aws").replace("${AWS::Region}", "ap-southeast-2")
            text = text.replace("${AWS::AccountId}", "1" * 12).replace("${Stack}", "s" * 40)
            with self.subTest(name):
                self.assertLessEqual(len(text), 6144)


if __name__ == "__main__":
    unittest.main()
