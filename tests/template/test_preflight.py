"""What `infra/preflight` takes and refuses, without AWS. The whole of it, on a deployment: preflight.py."""

import base64
import io
import json
import re
import sys
import tempfile
import unittest
import unittest.mock
from pathlib import Path

import boto3
from botocore.stub import Stubber

from deployed import PARAMETERS, ROOT, functions as of_template, source
from serving import serving

sys.path.insert(0, str(ROOT / "infra" / "preflight"))

import alarms  # noqa: E402: found by the line above
import bearer  # noqa: E402
import deployment  # noqa: E402
import functions  # noqa: E402
import internet  # noqa: E402
import issuer  # noqa: E402
import meta_apps  # noqa: E402
import parameters  # noqa: E402
import report  # noqa: E402
import webhook  # noqa: E402


def texts(findings):
    return [finding.text for finding in findings if finding.is_wrong]


def defaults(**given):
    """Every parameter of the template."""
    rules = source()["Parameters"]
    return {**{name: str(rule["Default"]) for name, rule in rules.items() if "Default" in rule}, **PARAMETERS, **given}


class Parameters(unittest.TestCase):
    def faults(self, **given):
        rules = source()["Parameters"]
        found = [*parameters.incomplete({**PARAMETERS, **given}, rules), *parameters.implausible(defaults(**given), "eu-central-1")]
        return texts(found)

    def test_what_the_template_wants_and_no_more_is_enough(self):
        self.assertEqual(self.faults(), [])

    def test_values_that_cloudformation_would_refuse_are_told_before_it_does(self):
        for given, expected in [
            ({"Locale": "fr"}, "Locale is none of es, en"),
            ({"Stage": "Über"}, "Stage has another form"),
            ({"WebhookRate": "10"}, "WebhookRate is no number from 50 on"),
            ({"WebhookRate": "many"}, "WebhookRate is no number from 50 on"),
            ({"DomainName": "inbox.example.com"}, "DomainName is given without CertificateArn"),
            ({"LiveDomainName": "live.example.com"}, "LiveDomainName is given without LiveCertificateArn"),
        ]:
            with self.subTest(expected):
                self.assertTrue(any(expected in text for text in self.faults(**given)), self.faults(**given))

    def test_values_that_nobody_could_use_are_told(self):
        for given in [
            {"AllowedOrigins": "https://app.example.com/"},
            {"AllowedOrigins": "https://app.example.com, https://b.example.com"},
            {"AllowedOrigins": "app.example.com"},
            {"FrameAncestors": "self https://app.example.com"},
            {"FrameAncestors": "https://a.example.com,https://b.example.com"},
            {"WebUrl": "https://inbox.example.com/"},
            {"MetaRedirectUri": "http://inbox.example.com/callback"},
            {"MetaUrlPrefix": "http://127.0.0.1:9402/"},
            {"AlarmEmail": "operations"},
            {"OidcScope": "profile"},
            {"JwtAudience": "a,b"},
            {"DomainName": "https://inbox.example.com", "CertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/1"},
            {"DomainName": "inbox.example.com", "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1"},
            {
                "DomainName": "inbox.example.com", "CertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/1",
                "LiveDomainName": "inbox.example.com", "LiveCertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/1",
            },
        ]:
            with self.subTest(given):
                self.assertEqual(len(self.faults(**given)), 1, self.faults(**given))

    def test_values_that_can_be_used_are_not_told(self):
        for given in [
            {"AllowedOrigins": "https://app.example.com,http://localhost:3000"},
            {"FrameAncestors": "'self' https://self.example.com"},
            {"FrameAncestors": "'none'"},
            {"RoleNames": "Inbox Admins=admin,support=agent"},
            {"DomainName": "inbox.example.com", "CertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/1"},
        ]:
            with self.subTest(given):
                self.assertEqual(self.faults(**given), [])

    def test_they_are_read_from_samconfig_as_sam_reads_them(self):
        for written, expected in [
            ("'JwtIssuer=\"https://a\" Brand=\"Casa Azul\"'", {"JwtIssuer": "https://a", "Brand": "Casa Azul"}),
            ("[\"JwtIssuer=https://a\", 'FrameAncestors=\"https://b https://c\"']", {"JwtIssuer": "https://a", "FrameAncestors": "https://b https://c"}),
            ("{ WebhookRate = 100 }", {"WebhookRate": "100"}),
        ]:
            with self.subTest(written), tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "samconfig.toml")
                path.write_text(f"version = 0.1\n[default.global.parameters]\nregion = 'eu-central-1'\n[default.deploy.parameters]\nparameter_overrides = {written}\n", encoding="utf-8")
                told = deployment.of_sam("default", path)
                self.assertEqual(told["region"], "eu-central-1")
                self.assertEqual(deployment.as_sam_reads(told["parameter_overrides"]), expected)


class Issuer(unittest.TestCase):
    RSA = {"kty": "RSA", "use": "sig", "kid": "1", "alg": "RS256"}

    def found(self, *, called="{}", keys=None, slash="", **members):
        def answers(address, path):
            if path == "/.well-known/openid-configuration":
                endpoints = {"authorization_endpoint": address, "token_endpoint": address}
                body = {"issuer": called.format(address), "jwks_uri": f"{address}/keys", **endpoints, **members}
            elif path == "/keys":
                body = {"keys": [self.RSA] if keys is None else keys}
            else:
                return 404, {}, b""
            return 200, {}, json.dumps(body).encode()

        with serving(answers) as address:
            return list(issuer.faults(address + slash))

    def fault(self, **members):
        [fault] = texts(self.found(**members))
        return fault

    def test_an_issuer_with_its_own_name_and_rsa_keys_is_good(self):
        self.assertEqual(self.found(), [])

    def test_a_slash_too_many_is_found(self):
        [fault] = self.found(slash="/")
        self.assertIn("to the last slash", fault.mend)

    def test_keys_that_api_gateway_cannot_use_are_found(self):
        self.assertIn("no RSA key to verify tokens with, only EC", self.fault(keys=[{"kty": "EC", "use": "sig"}]))
        self.assertIn("only RSA PS256", self.fault(keys=[{**self.RSA, "alg": "PS256"}]))
        self.assertIn("only none at all", self.fault(keys=[{**self.RSA, "use": "enc"}]))
        self.assertIn("without a `kid`", self.fault(keys=[{"kty": "RSA"}]))

    def test_keys_of_which_some_can_be_used_are_told_and_no_fault(self):
        [told] = self.found(keys=[self.RSA, {"kty": "EC", "alg": "ES256", "kid": "2"}])
        self.assertIsNone(told.is_wrong)

    def test_an_issuer_where_nobody_can_sign_in_is_found(self):
        self.assertIn("no token_endpoint", self.fault(token_endpoint=""))
        self.assertIn("no PKCE", self.fault(code_challenge_methods_supported=["plain"]))
        self.assertIn("signs with ES256", self.fault(id_token_signing_alg_values_supported=["ES256"]))

    def test_an_issuer_that_does_not_answer_or_is_no_issuer_is_found(self):
        for answer in [(404, {}, b""), (200, {}, b"<html>"), (302, {"location": "https://elsewhere.example.com"}, b"")]:
            with self.subTest(answer), serving(lambda *_: answer) as address:
                [fault] = texts(issuer.faults(address))
                self.assertIn("cannot be read", fault)
        [fault] = texts(issuer.faults("http://login.example.com"))
        self.assertEqual(fault, "http://login.example.com is no https address")

    def test_what_cannot_work_is_told_without_asking_anybody(self):
        for address in [
            "https://acme.okta.com",
            "https://accounts.google.com",
            "https://login.microsoftonline.com/common/v2.0",
            "https://acme.b2clogin.com/acme.onmicrosoft.com/v2.0/",
        ]:
            with self.subTest(address), unittest.mock.patch.object(issuer, "ask", side_effect=AssertionError("asked")):
                [fault] = issuer.faults(address)
                self.assertIn("what-cannot-work", fault.mend)

    def test_what_each_provider_wants_is_what_the_guide_says(self):
        rows = dict(re.findall(r"^\| ([^|]+?) \| (`https://.+) \|$", (ROOT / "infra/guides/issuers.md").read_text(encoding="utf-8"), re.MULTILINE))
        good = {
            "Amazon Cognito": {"OidcLogout": "cognito"},
            "Auth0": {"OidcAudience": "buzon", "OidcClientId": "pages"},
            "Okta, custom server": {},
            "Entra ID, tokens of version 2": {"OidcScope": "openid api://API/access"},
            "Entra ID, version 1": {"OidcResource": "buzon"},
            "Supabase, RSA keys": {"OidcLogout": "local", "JwtAudience": "authenticated"},
        }
        for provider, given in good.items():
            with self.subTest(provider):
                address = re.search(r"`(https://[^`]+)`", rows[provider])[1]
                self.assertEqual(texts(issuer.audience(address, defaults(**given))), [])
                self.assertFalse(any(re.match(pattern, address) for pattern, _, _ in issuer.IMPOSSIBLE))
                if given:
                    self.assertNotEqual(texts(issuer.audience(address, defaults())), [])

    def test_id_tokens_have_the_client_as_their_audience(self):
        address = "https://login.example.com"
        self.assertEqual(texts(issuer.audience(address, defaults(ApiToken="id"))), [])
        [fault] = texts(issuer.audience(address, defaults(ApiToken="id", OidcClientId="pages")))
        self.assertIn("their audience is the client", fault)


class Token(unittest.TestCase):
    GOOD = {"iss": PARAMETERS["JwtIssuer"], "aud": PARAMETERS["JwtAudience"], "exp": 2**33}

    def faults(self, head=None, **claims):
        parts = (head or {"alg": "RS256"}, {name: value for name, value in {**self.GOOD, **claims}.items() if value is not None})
        token = ".".join(base64.urlsafe_b64encode(json.dumps(one).encode()).decode().rstrip("=") for one in parts)
        return texts(bearer.of_gateway(f"{token}.c2lnbmF0dXJl", defaults()))

    def test_one_that_api_gateway_takes_is_good(self):
        for claims in [{}, {"aud": ["other", PARAMETERS["JwtAudience"]]}, {"aud": None, "client_id": PARAMETERS["JwtAudience"]}]:
            with self.subTest(claims):
                self.assertEqual(self.faults(**claims), [])

    def test_one_that_api_gateway_refuses_is_told_by_its_claim(self):
        for given, expected in [
            ({"iss": f"{PARAMETERS['JwtIssuer']}/"}, "its `iss` is"),
            ({"aud": "account", "client_id": PARAMETERS["JwtAudience"]}, "its `aud` is account"),
            ({"aud": None, "client_id": "other"}, "its `client_id` is other"),
            ({"exp": 1}, "it has expired"),
            ({"head": {"alg": "ES256"}}, "signed with ES256"),
        ]:
            with self.subTest(given):
                [fault] = self.faults(**given)
                self.assertIn(expected, fault)

    def test_an_opaque_one_is_told_and_not_shown(self):
        for token in ("opaque-hidden", "hidden.hidden.hidden", ""):
            [fault] = texts(bearer.of_gateway(token, defaults()))
            self.assertIn("it is opaque", fault)
            self.assertNotIn("hidden", fault)


class Secret(unittest.TestCase):
    def fault(self, text):
        try:
            meta_apps.parsed(text)
        except meta_apps.Unusable as fault:
            return str(fault)
        return None

    def test_it_is_read_as_the_functions_read_it(self):
        whole = {"login": "instagram", "app_id": "123", "app_secret": "hidden-secret", "verify_token": "hidden-token", "graph_version": "v25.0"}
        cases = json.loads((ROOT / "shared/vault/src/meta_apps/cases.json").read_text(encoding="utf-8"))
        for case in cases:
            with self.subTest(case):
                fault = self.fault(json.dumps({"apps": [{**whole, **case["change"]}]}))
                self.assertEqual(fault is None, case["fault"] is None)
                if fault:
                    place = case["fault"].split()[0]
                    self.assertTrue(fault.startswith(f"{place} "), fault)
                    self.assertNotIn("hidden", fault)

    def test_a_field_that_is_missing_an_app_that_is_there_twice_and_no_app_are_told(self):
        app = {"login": "instagram", "app_id": "1", "app_secret": "hidden", "verify_token": "hidden"}
        whole = {**app, "graph_version": "v25.0"}
        self.assertEqual(self.fault(json.dumps({"apps": [app]})), "apps[0].graph_version is missing")
        self.assertEqual(self.fault(json.dumps({"apps": [whole, whole]})), "apps[1] is there twice")
        self.assertIn("nobody has filled in", self.fault('{"apps":[],"verify_token":"hidden"}'))
        self.assertEqual(self.fault('{"apps": hidden'), "the secret is not valid JSON")


class Webhook(unittest.TestCase):
    def test_the_fields_are_those_of_the_guide(self):
        guide = (ROOT / "infra/guides/meta-app.md").read_text(encoding="utf-8")
        steps = re.findall(r"subscribe\s+to `messages`.*?\.\s", guide, re.DOTALL)
        for known, step in zip(["instagram", "instagram", "page"], steps, strict=True):
            told = set(re.findall(r"`(\w+)`", step)) - {"mentions"}
            self.assertEqual(told, {webhook.MESSAGES, webhook.MAY_BE_UNKNOWN, *webhook.FIELDS[known]})

    def test_messenger_is_looked_at_where_its_object_is_subscribed_to_and_else_told_to_be_missing(self):
        app = {"login": "facebook"}
        url = "https://a/webhooks/meta/instagram"
        target = unittest.mock.Mock(outputs={"WebhookUrl": url})
        whole = {
            kind: {"object": kind, "callback_url": url, "active": True, "fields": [webhook.MESSAGES, webhook.MAY_BE_UNKNOWN, *fields]}
            for kind, fields in webhook.FIELDS.items()
        }
        silent = {**whole["page"], "fields": ["feed"], "callback_url": "https://b"}
        for objects, faults, texts in [
            ([whole["instagram"], whole["page"]], [False, False], ["fields", "Pages: Meta delivers there"]),
            ([whole["instagram"]], [False, False], ["fields", "no messages of Messenger"]),
            ([whole["page"]], [False, False], ["no messages of Instagram", "Pages: Meta delivers there"]),
            ([], [True, False], ["nothing is subscribed", "no messages of Messenger"]),
            ([whole["instagram"], silent], [False, True, True, False], ["fields", "delivers to https://b", "`messages` is missing", "without"]),
        ]:
            found = list(webhook.subscribed(target, app, objects, "apps[0]"))
            self.assertEqual([bool(one.is_wrong) for one in found], faults)
            for one, text in zip(found, texts, strict=True):
                self.assertIn(text, one.text)

    def test_meta_quoting_a_token_is_not_quoted(self):
        app = {"login": "facebook", "app_id": "1", "app_secret": "hidden", "verify_token": "t", "graph_version": "v25.0"}
        answer = {"error": {"message": "Malformed access token 1|hidden", "code": 2500}}
        with serving(lambda *_: (400, {}, json.dumps(answer).encode())) as address:
            target = unittest.mock.Mock(parameters={"MetaUrlPrefix": f"{address}/"}, outputs={"WebhookUrl": "https://a"})
            [found] = webhook.at_meta(target, app, "apps[0]")
        self.assertTrue(found.is_wrong)
        self.assertIn("code 2500", found.text)
        self.assertNotIn("hidden", found.text)


    def test_an_instagram_app_of_which_meta_tells_nothing_is_no_fault(self):
        def answers(_, path):
            told = {"error_message": "Matching code was not found"} if path.endswith("access_token") else {"error": {"message": "No", "code": 100}}
            return 400, {}, json.dumps(told).encode()

        app = {"login": "instagram", "app_id": "1", "app_secret": "hidden", "verify_token": "t", "graph_version": "v25.0"}
        with serving(answers) as address:
            target = unittest.mock.Mock(parameters={"MetaUrlPrefix": f"{address}/", "MetaRedirectUri": ""}, outputs={"RedirectUri": "https://a"})
            [found] = webhook.at_meta(target, app, "apps[0]")
        self.assertIsNone(found.is_wrong)
        self.assertIn("Meta does not tell", found.text)


class Functions(unittest.TestCase):
    def fault(self, headers, body):
        environment = {"region_name": "us-east-1", "aws_access_key_id": "a", "aws_secret_access_key": "b"}
        asked = []

        def answers(_, path):
            asked.append(path)
            return 200, headers, json.dumps(body).encode()

        with serving(answers) as address:
            client = boto3.client("lambda", endpoint_url=address, **environment)
            found = functions.fault(client, "buzon-staging", of_template()["WebFunction"])
        self.assertRegex(asked[0], r"/functions/buzon-staging-web/invocations\?Qualifier=live$")
        return found

    def test_a_function_that_answers_starts(self):
        self.assertIsNone(self.fault({}, {"statusCode": 200}))
        self.assertIsNone(self.fault({}, {"batchItemFailures": []}))

    def test_a_function_that_does_not_start_is_told_with_its_reason_and_what_mends_it(self):
        failure = {"errorType": "Runtime.InvalidEntrypoint", "errorMessage": "fork/exec /var/task/bootstrap: permission denied"}
        fault = self.fault({"X-Amz-Function-Error": "Unhandled"}, failure)
        self.assertIn("permission denied", fault)
        self.assertIn("executable bit", functions.mend(fault, "buzon-web"))

    def test_a_function_that_answers_a_fault_is_told(self):
        self.assertEqual(self.fault({}, {"statusCode": 500}), "it answers 500")


class Alarms(unittest.TestCase):
    def test_a_subscription_that_aws_lists_as_pending_is_pending(self):
        sns = boto3.client("sns", region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
        with Stubber(sns) as stub:
            self.assertTrue(alarms.is_pending(sns, "PendingConfirmation"))
            arn = "arn:aws:sns:us-east-1:123456789012:topic:1"
            for pending in ("true", "false"):
                stub.add_response("get_subscription_attributes", {"Attributes": {"PendingConfirmation": pending}}, {"SubscriptionArn": arn})
                self.assertEqual(alarms.is_pending(sns, arn), pending == "true")


class Internet(unittest.TestCase):
    def test_a_failure_does_not_say_the_address(self):
        for address in ("http://127.0.0.1:9/?token=hidden", "nonsense:hidden"):
            with self.subTest(address), self.assertRaises(internet.NoAnswer) as caught:
                internet.ask(address, {"secret": "hidden"})
            self.assertNotIn("hidden", str(caught.exception))


class Report(unittest.TestCase):
    def test_each_way_to_mend_that_names_a_guide_leads_somewhere(self):
        for path in (ROOT / "infra/preflight").glob("*.py"):
            text = path.read_text(encoding="utf-8").replace("{GUIDES}", report.GUIDES).replace("{PAGE}", issuer.PAGE).replace("{APP}", webhook.APP)
            for page, anchor in re.findall(r"(infra/guides/[\w-]+\.md)#?([\w-]*)", text):
                with self.subTest(f"{path.name}: {page}#{anchor}"):
                    titles = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
                    anchors = {re.sub(r"[^\w -]", "", title.lower()).strip().replace(" ", "-") for title in titles}
                    self.assertTrue(not anchor or anchor in anchors, sorted(anchors))

    def test_it_is_told_in_marks_with_the_way_to_mend_below(self):
        said = io.StringIO()
        with unittest.mock.patch("sys.stdout", said):
            report.tell("issuer", report.wrong("it is away", "find it"))
            report.tell("issuer", report.good("it is there"))
        self.assertEqual(said.getvalue(), "✗ issuer        it is away\n                → find it\n✓ issuer        it is there\n")


if __name__ == "__main__":
    unittest.main()
