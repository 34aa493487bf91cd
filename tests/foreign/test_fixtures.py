"""Other people's fixtures, read from their installed package, signed by a third, into Buzón."""

import importlib.metadata
import importlib.util
import inspect
import json
import time
import unittest
import unittest.mock

import javascript
from stack import LUNA, stack


def fixtures():
    """The tests of `hiinsta`, which come with the package and hold its fixtures."""
    file = next(file for file in importlib.metadata.files("hiinsta") if str(file) == "tests/test_types.py")
    spec = importlib.util.spec_from_file_location("hiinsta_tests", file.locate())
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def payloads(module):
    """Every payload that its tests make: its type notes what it is given."""
    noted, make = [], module.Update.__init__

    def note(update, **payload):
        noted.append(payload)
        make(update, **payload)

    with unittest.mock.patch.object(module.Update, "__init__", note):
        for name, test in inspect.getmembers(module, inspect.isfunction):
            if name.startswith("test_") and not inspect.signature(test).parameters:
                test()
    return noted


class Fixtures(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        stack().ana  # noqa: B018: she connects the account that the fixtures are sent to
        cls.module = fixtures()
        cls.secret = stack().app("instagram")["app_secret"]
        cls.account = stack().account(LUNA)

    def send(self, payload, mid):
        """Delivers a fixture: to the connected account, with a message id of its own, and now."""
        text = json.dumps(payload).replace(self.module.PSID, self.account).replace('"m_1"', json.dumps(mid))
        body = text.replace("1569262485349", str(int(time.time() * 1000))).encode()
        answer = stack().deliver(body, javascript.run([(self.secret, body)])[0])
        self.assertEqual(answer.status_code, 200, text)

    def eventually(self, holds):
        """Asks until the queue has been worked off."""
        for _ in range(200):
            found = self.stored()
            if holds(found):
                return found
            time.sleep(0.05)
        self.fail(f"not stored: {found}")

    def stored(self):
        stack().settle()
        of_fixtures = [one for one in stack().conversations() if one["contact"]["id"] == self.module.USER_ID]
        return stack().messages(of_fixtures[0]) if of_fixtures else []

    def test_every_attachment_is_stored_with_its_address(self):
        wanted = {}
        for name, attachment in self.module.ATTACHMENT_FIXTURES.items():
            self.send(self.module.message_with_attachment(attachment), f"m_{name}")
            payload = attachment.get("payload", {})
            wanted[f"m_{name}"] = payload.get("url") or payload.get("story_media_url")
        found = self.eventually(lambda messages: wanted.keys() <= {one["provider_message_id"] for one in messages})
        shown = {one["provider_message_id"]: json.dumps(one) for one in found}
        for mid, address in wanted.items():
            with self.subTest(mid):
                self.assertIn(address or mid, shown[mid])

    def test_every_kind_of_event_is_taken_and_a_message_is_what_they_left(self):
        for event in self.module.MESSAGING_FIXTURES.values():
            self.send(self.module.update_with(event), "m_edited")
        found = self.eventually(lambda messages: any(one["text"] == "edited" for one in messages))
        self.assertEqual([one["text"] for one in found if one["provider_message_id"] == "m_edited"].count("edited"), 1)
        self.assertEqual(stack().dead_letters(), 0)

    def test_every_other_payload_of_their_tests_is_taken(self):
        noted = payloads(self.module)
        self.assertGreater(len(noted), 5)
        for number, payload in enumerate(noted):
            self.send(payload, f"m_noted_{number}")
