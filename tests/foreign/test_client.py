"""A client of other people's at the simulated Graph API."""

import time
import unittest

from instagram_platform.client import InstagramClient
from instagram_platform.exceptions import InstagramAPIError, InstagramAuthError
from stack import FACEBOOK_SCOPES, INES, MARA, stack

DAY_MS = 24 * 60 * 60 * 1000
APP = "5501000000000001"
PAGE_APP = "5501000000000002"


class Client(unittest.TestCase):
    def client(self, token, login="instagram", version="v27.0", account=None):
        base = f"{stack().meta}/graph.{login}.com"
        client = InstagramClient(token, account, base_url=base, api_version=version, max_retries=0)
        self.addCleanup(client.close)
        return client

    def test_a_conversation_is_read_and_answered(self):
        account = stack().account(MARA)
        told = stack().act(MARA, {"kind": "text", "text": "¿Cuánto cuesta?"})
        client = self.client(stack().token(APP, MARA), account=account)
        self.assertEqual(client.user.get_profile(["id", "username", "name", "profile_picture_url"]).username, MARA)
        profile = client.messaging.get_user_profile(told["igsid"])
        self.assertEqual((profile.id, profile.username), (told["igsid"], INES))
        sent = client.messaging.send_message(told["igsid"], "Doce euros")
        self.assertEqual(sent.recipient_id, told["igsid"])
        conversation = client.messaging.get_conversations().data[0]
        newest = client.messaging.get_conversation_messages(conversation.id).messages["data"][0]
        self.assertEqual((newest["id"], newest["message"]), (sent.message_id, "Doce euros"))

    def test_an_expired_version_answers_and_one_that_never_was_does_not(self):
        token = stack().token(APP, MARA)
        for version in ["v19.0", "v26.0"]:
            profile = self.client(token, version=version, account="me").user.get_profile(["user_id", "username"])
            self.assertEqual(profile.username, MARA)
        with self.assertRaises(InstagramAPIError):
            self.client(token, version="v99.0", account="me").user.get_profile(["username"])

    def test_a_token_is_renewed(self):
        issued = int(time.time() * 1000) - 2 * DAY_MS
        token = stack().token(APP, MARA, issued_at_ms=issued, expires_at_ms=issued + 60 * DAY_MS)
        renewed = self.client(token).auth.refresh_long_lived_token()
        self.assertEqual((renewed.token_type, renewed.expires_in // 86400 in (59, 60)), ("bearer", True))

    def test_refusals_have_the_codes_that_clients_sort_by(self):
        with self.assertRaises(InstagramAuthError) as refused:
            self.client("IGAAnobody", account="me").user.get_profile(["username"])
        self.assertEqual(refused.exception.code, 190)
        with self.assertRaises(InstagramAPIError) as refused:
            self.client(stack().token(APP, MARA), account="me").messaging.send_message("12", "hello")
        self.assertEqual((refused.exception.code, refused.exception.subcode), (100, 2534014))

    def test_pages_of_a_person_lead_to_their_accounts(self):
        state = stack().control("GET", "/state")
        person = next(one for one in state["people"] if stack().account(MARA) in one["accounts"])
        token = stack().token(PAGE_APP, person["username"], kind="facebook_long", scopes=FACEBOOK_SCOPES)
        client = self.client(token, login="facebook")
        pages = client.auth.get_facebook_user_pages().data
        self.assertEqual([page.instagram_business_account["id"] for page in pages], [stack().account(MARA)])
        page = client.user.get_business_account_from_page(pages[0].id)
        self.assertEqual(page["instagram_business_account"]["id"], stack().account(MARA))
