"""What holds data outlives mistakes, and what waits in a queue is neither lost nor handled twice at once."""

import json
import unittest

from deployed import deployed, events, functions, named, of_type, read, source, timeout


class Queues(unittest.TestCase):
    def queues(self):
        return of_type(source(), "AWS::SQS::Queue")

    def test_a_message_stays_hidden_for_six_times_as_long_as_its_function_may_run(self):
        for name, function in functions().items():
            for event in events(function, "SQS"):
                with self.subTest(name):
                    queue = self.queues()[named(event["Queue"])]["Properties"]
                    self.assertGreaterEqual(queue["VisibilityTimeout"], 6 * timeout(function))

    def test_a_function_names_the_messages_that_failed_and_takes_a_limited_share_of_the_account(self):
        for name, function in functions().items():
            for event in events(function, "SQS"):
                with self.subTest(name):
                    self.assertEqual(event["FunctionResponseTypes"], ["ReportBatchItemFailures"])
                    self.assertGreaterEqual(event["ScalingConfig"]["MaximumConcurrency"], 2)

    def test_a_queue_that_is_read_sets_aside_what_fails_for_as_long_as_sqs_can(self):
        read_queues = {named(event["Queue"]) for function in functions().values() for event in events(function, "SQS")}
        for name in read_queues:
            with self.subTest(name):
                policy = self.queues()[name]["Properties"]["RedrivePolicy"]
                self.assertNotIn(named(policy["deadLetterTargetArn"]), read_queues)
                aside = self.queues()[named(policy["deadLetterTargetArn"])]["Properties"]
                self.assertEqual(aside["MessageRetentionPeriod"], 14 * 24 * 60 * 60)
                is_fifo = self.queues()[name]["Properties"].get("FifoQueue")
                self.assertEqual(aside.get("FifoQueue"), is_fifo, "SQS takes no other as its dead-letter queue")

    def test_every_queue_is_encrypted_and_fifo_ones_have_high_throughput(self):
        for name, queue in self.queues().items():
            with self.subTest(name):
                properties = queue["Properties"]
                self.assertTrue(properties["SqsManagedSseEnabled"])
                if properties.get("FifoQueue"):
                    self.assertEqual(properties["DeduplicationScope"], "messageGroup")
                    self.assertEqual(properties["FifoThroughputLimit"], "perMessageGroupId")

    def test_events_and_answers_keep_their_order(self):
        for name in ("InboundQueue", "OutboundQueue"):
            with self.subTest(name):
                self.assertTrue(self.queues()[name]["Properties"]["FifoQueue"])


class Data(unittest.TestCase):
    KINDS = ("AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::KMS::Key", "AWS::SecretsManager::Secret")

    def test_what_holds_data_stays_when_the_stack_goes(self):
        for kind in self.KINDS:
            for name, resource in of_type(source(), kind).items():
                with self.subTest(name):
                    # But not what a first deployment made that failed: its names would stand in the next one's way.
                    self.assertEqual(resource["DeletionPolicy"], "RetainExceptOnCreate")
                    self.assertEqual(resource["UpdateReplacePolicy"], "Retain")

    def test_every_table_is_on_demand_protected_restorable_and_forgets_by_ttl(self):
        for name, table in of_type(source(), "AWS::DynamoDB::Table").items():
            with self.subTest(name):
                properties = table["Properties"]
                self.assertEqual(properties["BillingMode"], "PAY_PER_REQUEST")
                self.assertEqual(properties["DeletionProtectionEnabled"], {"Fn::If": ["IsProtected", True, False]})
                self.assertTrue(properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"])
                self.assertEqual(properties["TimeToLiveSpecification"], {"AttributeName": "ttl", "Enabled": True})
                self.assertEqual(properties["SSESpecification"]["SSEType"], "KMS")


    def test_tables_are_protected_unless_it_is_said_otherwise(self):
        self.assertEqual(source()["Parameters"]["DeletionProtection"]["Default"], "true")


class Keys(unittest.TestCase):
    def test_every_key_is_rotated(self):
        for name, key in of_type(source(), "AWS::KMS::Key").items():
            with self.subTest(name):
                self.assertTrue(key["Properties"]["EnableKeyRotation"])

    def test_the_tokens_key_works_only_in_the_encryption_context_of_the_vault(self):
        statements = source()["Resources"]["TokenKey"]["Properties"]["KeyPolicy"]["Statement"]
        denied = [statement for statement in statements if statement["Effect"] == "Deny"]
        bound = set()
        for statement in denied:
            self.assertEqual(
                set(statement["Action"]), {"kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"}
            )
            for conditions in statement["Condition"].values():
                bound.update(key.removeprefix("kms:EncryptionContext:") for key in conditions)
        self.assertEqual(bound, {"tenant", "account", "purpose", "provider"})

    def test_the_secret_is_readable_before_anybody_fills_it_in(self):
        generate = source()["Resources"]["MetaAppsSecret"]["Properties"]["GenerateSecretString"]
        self.assertEqual(json.loads(generate["SecretStringTemplate"]), {"apps": []})
        self.assertEqual(generate["GenerateStringKey"], "verify_token")


class Idle(unittest.TestCase):
    """Nothing is billed by the hour but the keys and the secret."""

    FREE_WHEN_IDLE = {
        "AWS::ApiGatewayV2::Api", "AWS::ApiGatewayV2::ApiMapping", "AWS::ApiGatewayV2::DomainName",
        "AWS::ApiGatewayV2::Integration", "AWS::ApiGatewayV2::Route", "AWS::ApiGatewayV2::RouteResponse",
        "AWS::ApiGatewayV2::Stage", "AWS::CodeDeploy::Application", "AWS::CodeDeploy::DeploymentGroup", "AWS::DynamoDB::Table",
        "AWS::IAM::ManagedPolicy", "AWS::IAM::Role", "AWS::KMS::Alias", "AWS::Lambda::Alias", "AWS::Lambda::EventSourceMapping",
        "AWS::Lambda::Function", "AWS::Lambda::Permission", "AWS::Lambda::Version", "AWS::Logs::LogGroup", "AWS::SQS::Queue", "AWS::Scheduler::Schedule",
    }
    BILLED = {"AWS::KMS::Key", "AWS::SecretsManager::Secret"}

    def test_what_is_billed_while_nothing_happens_is_the_keys_and_the_secret(self):
        for name, resource in deployed()["Resources"].items():
            if resource["Type"] not in self.FREE_WHEN_IDLE | self.BILLED:
                with self.subTest(name):
                    self.assertEqual(resource.get("Condition"), "IsWatched")

    def test_a_provisioned_function_would_be_billed_by_the_hour(self):
        self.assertNotIn("ProvisionedConcurrencyConfig", json.dumps(deployed()["Resources"]))

    def test_the_nested_stacks_get_all_their_parameters(self):
        for name, stack in of_type(source(), "AWS::CloudFormation::Stack").items():
            with self.subTest(name):
                nested = read(stack["Properties"]["TemplateURL"])
                self.assertEqual(set(stack["Properties"]["Parameters"]), set(nested["Parameters"]))


if __name__ == "__main__":
    unittest.main()
