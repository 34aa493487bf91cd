"""`infra/preflight` on a deployment that works, and on each fault that it has to tell.

    python preflight.py MINISTACK BINARIES

The stack is deployed to an emulator's CloudFormation, whose functions are the programs in BINARIES; the issuer and Meta are those of
the local stack. A proxy is the internet: its names lead there, over TLS, so that preflight runs as it does anywhere.
"""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
import unittest.mock

import tomlkit

import emulated
from around import BOOTSTRAP, DOMAIN, META, STACK, ask, certificate, forward, gateway, internet, local_stack, programs
from deployed import ROOT
from serving import serving

sys.path.insert(0, str(ROOT / "infra" / "preflight"))

from deployment import as_sam_reads  # noqa: E402: found by the line above

GUIDE = (ROOT / "infra/guides/deploy.md").read_text(encoding="utf-8")
APPS = [  # of the local stack
    {"login": "instagram", "app_id": "5501000000000001", "app_secret": "0123456789abcdef0123456789abcdef"},
    {"login": "facebook", "app_id": "5501000000000002", "app_secret": "10ca1000000000000000000000000002"},
]


class Preflight(unittest.TestCase):
    """The order counts: the first deploy, the others find a stack that works and leave it so."""

    @classmethod
    def setUpClass(cls):
        world = contextlib.ExitStack()
        cls.addClassCleanup(world.close)
        cls.aws = world.enter_context(emulated.emulator(cls.ministack, BUZON_BINARIES=str(cls.binaries)))
        cls.meta, cls.issuer = world.enter_context(local_stack(cls.binaries))
        cls.template = emulated.upload(cls.aws, BOOTSTRAP)
        hosts = {**{host: forward(f"{cls.meta}/{host}") for host in META}, DOMAIN: gateway(cls.client("lambda"))}
        folder = pathlib.Path(world.enter_context(tempfile.TemporaryDirectory()))
        pem = certificate(folder, hosts)
        cls.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "http"))},
            "PATH": os.pathsep.join((str(programs(folder)), os.environ["PATH"])),
            "https_proxy": world.enter_context(internet(pem, hosts)),
            "no_proxy": "127.0.0.1",
            "SSL_CERT_FILE": str(pem),
            "AWS_ENDPOINT_URL": cls.aws,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "local",
            "AWS_SECRET_ACCESS_KEY": "local",
        }
        cls.heard = []
        cls.parameters = {
            **as_sam_reads(tomlkit.parse(re.search(r"```toml\n(.+?)```", GUIDE, re.DOTALL)[1]).unwrap()["parameter_overrides"]),
            "JwtIssuer": cls.issuer,
            "JwtAudience": "buzon-local",
            "Architecture": "x86_64",
            "DomainName": DOMAIN,
            "CertificateArn": cls.client("acm").request_certificate(DomainName=DOMAIN)["CertificateArn"],
        }

    @classmethod
    def client(cls, service):
        return emulated.client(service, cls.aws)

    def preflight(self, *arguments, **parameters):
        """Its exit status, and what it says."""
        given = [f'{name}="{value}"' for name, value in {**self.parameters, **parameters}.items() if value is not None]
        command = [sys.executable, ROOT / "infra/preflight", *arguments, "--parameter-overrides", *given]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.stderr, "")
        for app in APPS:
            self.assertNotIn(app["app_secret"], done.stdout)
        self.heard.append(done.stdout)
        return done.returncode, done.stdout

    def faults(self, *arguments, **parameters):
        """What it says is to mend, by area, each with the line that mends it."""
        status, said = self.preflight(*arguments, **parameters)
        found = re.findall(r"^✗ (\w+) +(.+)\n((?: {16}.*\n)+)", said, re.MULTILINE)
        self.assertEqual(status, 1 if found else 0, said)
        self.assertEqual(len(found), said.count("✗"), f"each has a way to mend it: {said}")
        return [(area, f"{text}\n{mend}") for area, text, mend in found]

    def only(self, area, *arguments, **parameters):
        """The one fault of an area."""
        found = self.faults("--only", area, *arguments, **parameters)
        self.assertEqual([one for one, _ in found], [area], found)
        return found[0][1]

    # Before

    def test_1_what_could_be_deployed_is_found_good(self):
        status, said = self.preflight()
        self.assertEqual(status, 0, said)
        self.assertIn("before it is deployed", said)
        for area in ("parameters", "issuer", "account", "certificate"):
            self.assertRegex(said, rf"✓ {area}")

    def test_1_faults_before_a_deployment_are_told(self):
        cases = [
            ("parameters", {"JwtAudience": None}, "JwtAudience is not given"),
            ("parameters", {"Brnad": "Casa"}, "the template has no Brnad"),
            ("issuer", {"JwtIssuer": f"{self.issuer}/"}, "to the last slash"),
            ("issuer", {"JwtIssuer": "https://accounts.google.com"}, "Google alone"),
            ("issuer", {"JwtIssuer": "https://acme.okta.com"}, "org server"),
            ("certificate", {"DomainName": "inbox.example.com"}, "and not for inbox.example.com"),
        ]
        for area, parameters, expected in cases:
            with self.subTest(expected):
                self.assertIn(expected, self.only(area, **parameters))

    def test_1_an_issuer_that_signs_with_elliptic_curves_alone_is_told(self):
        def answers(address, path):
            document = {"issuer": address, "jwks_uri": f"{address}/keys", "authorization_endpoint": address, "token_endpoint": address}
            return 200, {}, json.dumps({"keys": [{"kty": "EC", "alg": "ES256", "kid": "1"}]} if path == "/keys" else document).encode()

        with serving(answers) as address:
            self.assertIn("no RSA key to verify tokens with, only EC ES256", self.only("issuer", JwtIssuer=address))

    def test_1_without_credentials_it_says_so(self):
        environment = {name: value for name, value in self.environment.items() if "KEY" not in name}
        # Nobody answers there: a machine of AWS's would have credentials.
        environment |= {"AWS_EC2_METADATA_DISABLED": "true", "HOME": "/nonexistent"}
        with unittest.mock.patch.object(type(self), "environment", environment):
            self.assertIn("no credentials for AWS", self.only("certificate"))

    # Deploying

    def test_2_what_was_just_deployed_lacks_its_secret_and_what_the_emulator_leaves_off(self):
        self.assertEqual(emulated.deploy(self.aws, self.template, STACK, self.parameters), [])
        found = self.faults()
        self.assertEqual({area for area, _ in found}, {"secret", "storage"}, found)
        self.assertIn("nobody has filled in an app yet", dict(found)["secret"])
        tables = [text for area, text in found if area == "storage"]
        known = ("the tables can be deleted", "nothing expires", "no point-in-time recovery")
        self.assertTrue(all(any(part in text for part in known) for text in tables), tables)

    def test_3_a_deployment_that_works_passes(self):
        self.protect()
        self.fill_in()
        self.complete()
        for app in APPS:
            self.change(app["app_id"], webhook_url=f"https://{DOMAIN}/webhooks/meta/instagram")
        status, said = self.preflight()
        self.assertEqual(status, 0, said)
        self.assertNotIn("✗", said)
        self.assertIn("as it is deployed", said)
        self.assertIn("all 20 start and answer", said)
        self.assertEqual(self.stored(), 0, "it changes nothing")

    def stored(self):
        """How many items are in the tables, and messages in the queues."""
        dynamodb, sqs = self.client("dynamodb"), self.client("sqs")
        items = [dynamodb.scan(TableName=name, Select="COUNT")["Count"] for name in dynamodb.list_tables()["TableNames"]]
        name = "ApproximateNumberOfMessages"
        queues = [sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name]) for url in sqs.list_queues()["QueueUrls"]]
        return sum(items) + sum(int(one["Attributes"][name]) for one in queues)

    def protect(self):
        """Deploys again, with what is for the first time no more."""
        parameters = {**self.parameters, "DeletionProtection": "true"}
        self.assertEqual(emulated.deploy(self.aws, self.template, STACK, parameters, "update"), [])

    def complete(self):
        """The emulator's CloudFormation leaves expiry and backups off, and the first deployment protects nothing."""
        dynamodb = self.client("dynamodb")
        for table in dynamodb.list_tables()["TableNames"]:
            dynamodb.update_time_to_live(TableName=table, TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})
            dynamodb.update_continuous_backups(TableName=table, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True})

    def fill_in(self, *changes):
        """The secret with the local stack's apps, each with changes of its own."""
        registration = {"verify_token": "local-verify-token", "graph_version": "v25.0", "config_id": None, "human_agent": False}
        apps = [{**registration, **app, **change} for app, change in zip(APPS, changes or ({}, {}))]
        self.put(json.dumps({"apps": apps}))

    def put(self, text):
        self.client("secretsmanager").put_secret_value(SecretId=f"{STACK}/meta-apps", SecretString=text)

    def change(self, app_id, **switches):
        answer = ask("PATCH", f"{self.meta}/control/apps/{app_id}", json=switches)
        self.assertEqual(answer.status, 200, answer.data)

    # After: one fault each

    def test_4_a_secret_that_the_functions_cannot_use_is_told_by_its_field(self):
        self.addCleanup(self.fill_in)
        self.put("{")
        self.assertIn("is not valid JSON", self.only("secret"))
        self.fill_in({"app_secret": " " + APPS[0]["app_secret"]}, {})
        self.assertIn("apps[0].app_secret begins or ends with white space", self.only("secret"))

    def test_4_an_app_that_meta_does_not_know_is_told(self):
        self.addCleanup(self.fill_in)
        self.fill_in({"app_secret": "f" * 32}, {"app_secret": "e" * 32})
        found = [text for area, text in self.faults("--only", "webhook") if "Meta knows no app" in text]
        self.assertEqual(len(found), 2, found)
        self.assertIn("*Instagram* app's pair", found[0])

    def test_4_a_webhook_that_meta_has_elsewhere_or_without_messages_is_told(self):
        app = APPS[0]["app_id"]
        url = f"https://{DOMAIN}/webhooks/meta/instagram"
        for broken, whole, expected in [
            ({"webhook_url": "https://elsewhere.example.com"}, {"webhook_url": url}, "Meta delivers to https://elsewhere.example.com"),
            ({"webhook_url": None}, {"webhook_url": url}, "nothing is subscribed to at Meta"),
            ({"webhook_fields": ["comments"]}, {"webhook_fields": []}, "the field `messages` is missing"),
        ]:
            with self.subTest(expected):
                self.change(app, **broken)
                try:
                    self.assertIn(expected, self.only("webhook"))
                finally:
                    self.change(app, **whole)

    def test_4_a_function_that_does_not_start_is_told(self):
        functions = self.client("lambda")
        whole = functions.get_alias(FunctionName=f"{STACK}-send", Name="live")["FunctionVersion"]
        functions.update_function_code(FunctionName=f"{STACK}-send", ZipFile=emulated.packed("no program"))
        broken = functions.publish_version(FunctionName=f"{STACK}-send")["Version"]
        functions.update_alias(FunctionName=f"{STACK}-send", Name="live", FunctionVersion=broken)
        self.addCleanup(functions.update_alias, FunctionName=f"{STACK}-send", Name="live", FunctionVersion=whole)
        self.assertIn(f"{STACK}-send: ", self.only("functions"))

    def test_4_somebody_who_has_not_confirmed_the_alarms_is_told(self):
        sns = self.client("sns")
        [topic] = [one["TopicArn"] for one in sns.list_topics()["Topics"]]
        # The emulator takes mail as confirmed; nobody answers at that address.
        arn = sns.subscribe(TopicArn=topic, Protocol="http", Endpoint="http://127.0.0.1:9", ReturnSubscriptionArn=True)["SubscriptionArn"]
        self.addCleanup(sns.unsubscribe, SubscriptionArn=arn)
        self.assertIn("http://127.0.0.1:9 has not confirmed to be told", self.only("alarms"))
        self.heard.append(self.heard[-1].replace("http://127.0.0.1:9", self.parameters["AlarmEmail"]))

    def test_4_an_alarm_that_is_gone_silenced_or_on_is_told(self):
        cloudwatch = self.client("cloudwatch")
        name = f"{STACK}-inbound-age"
        cloudwatch.disable_alarm_actions(AlarmNames=[name])
        self.assertIn(f"{name} is silenced", self.only("alarms"))
        cloudwatch.enable_alarm_actions(AlarmNames=[name])
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="for the test")
        self.assertIn("runbook.md#inbound-age", self.only("alarms"))
        cloudwatch.set_alarm_state(AlarmName=name, StateValue="OK", StateReason="for the test")

    def token(self, person="ana"):
        answer = ask("POST", f"{self.issuer}/token/sample", json={"person": person}).json()
        with tempfile.NamedTemporaryFile("w", suffix=".jwt", delete=False) as file:
            self.addCleanup(os.unlink, file.name)
            file.write(answer["access_token"])
        return file.name

    def test_4_a_token_that_the_api_takes_is_good_and_one_that_it_does_not_take_is_told(self):
        status, said = self.preflight("--only", "token", "--token", self.token())
        self.assertEqual(status, 0, said)
        self.assertIn("the API takes it: it names a tenant and a role", said)
        path = pathlib.Path(self.token())
        path.write_text(path.read_text(encoding="utf-8") + "forged", encoding="utf-8")
        self.assertIn("API Gateway refuses it", self.only("token", "--token", str(path)))
        self.assertIn("and JwtAudience another", self.only("token", "--before", "--token", self.token(), JwtAudience="another"))

    def test_4_a_table_that_can_be_deleted_is_told(self):
        dynamodb = self.client("dynamodb")
        dynamodb.update_table(TableName=f"{STACK}-messages", DeletionProtectionEnabled=False)
        self.addCleanup(dynamodb.update_table, TableName=f"{STACK}-messages", DeletionProtectionEnabled=True)
        self.assertIn(f"the table {STACK}-messages can be deleted", self.only("storage"))

    def test_4_an_api_that_nobody_reaches_is_told(self):
        with unittest.mock.patch.dict(self.environment, https_proxy="http://127.0.0.1:9"):
            self.assertIn("does not answer", self.only("address"))

    def test_4_a_parameter_for_the_next_deployment_is_looked_at_before_it(self):
        # What the file does not say is kept.
        untold = dict.fromkeys(self.parameters)
        self.assertIn("Locale is none of es, en", self.only("parameters", "--before", **{**untold, "Locale": "fr"}))

    def test_5_what_a_stack_has_kept_is_in_the_way_of_the_next(self):
        self.client("dynamodb").create_table(
            TableName="other-tenants",
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )
        self.assertIn("the table other-tenants of an earlier stack is still there", self.only("account", "--stack-name", "other"))


    def test_6_the_guide_says_what_it_says(self):
        heard = {line for said in self.heard for line in comparable(said)}
        shown = [line for block in re.findall(r"```text\n(.+?)```", GUIDE, re.DOTALL) for line in comparable(block)]
        self.assertGreater(len(shown), 20)
        for line in shown:
            with self.subTest(line):
                told = line.removesuffix("…").rstrip()
                self.assertTrue(line in heard or (line.endswith("…") and any(one.startswith(told) for one in heard)), sorted(heard))


def comparable(said):
    """The lines with marks, and what mends them, without what is another's on every machine."""
    said = re.sub(r"\n {18}", " ", said)
    for pattern, plain in [
        (r"https?://(localhost|127\.0\.0\.1:\d+|login\.example\.com|\w+\.execute-api\.[\w-]+\.amazonaws\.com)", "ADDRESS"),
        (r"audience buzon-local;", "audience buzon;"),
        (r"\b(us-east-1|eu-central-1)\b", "REGION"),
        (r"\b(as root|as user/ana)\b", "as SOMEBODY"),
        (r", facebook \d+ \(v[\d.]+\)", ""),
        (r"\b(CREATE|UPDATE)_COMPLETE", "COMPLETE"),
        (r"\d{9,}|\d+(?= fields)", "N"),
    ]:
        said = re.sub(pattern, plain, said)
    return re.findall(r"^(?:[✓✗–] .+| {16}→ .+)$", said, re.MULTILINE)


if __name__ == "__main__":
    Preflight.ministack, binaries = sys.argv[1:]
    Preflight.binaries = pathlib.Path(binaries).resolve()
    unittest.main(argv=sys.argv[:1])
