"""Other people's types over everything that the simulated Meta tells."""

import json
import unittest

import hiinsta
from stack import ACTIONS, UNTYPED, known_kinds, stack

# What `hiinsta` calls the kinds of events that Meta sends to an inbox.
KINDS = {
    "message",
    "message_edit",
    "reaction",
    "postback",
    "referral",
    "read",
    "optin",
    "policy_enforcement",
    "response_feedback",
    "pass_thread_control",
    "take_thread_control",
    "request_thread_control",
}


class Models(unittest.TestCase):
    def test_no_kind_of_action_is_missing(self):
        self.assertEqual(known_kinds(), {action["kind"] for action in ACTIONS} | UNTYPED)

    def test_everything_is_what_the_types_say(self):
        kinds, fields = set(), set()
        for _, _, body in stack().told:
            with self.subTest(body=body):
                update = hiinsta.Update(**json.loads(body))
                self.assertEqual(update.object, "instagram")
                kinds |= {event.event_type for event, _ in update.iter_messaging()}
                fields |= {field for _, field, _ in update.iter_changes()}
        self.assertLessEqual(KINDS, kinds)
        self.assertLessEqual({"comments", "live_comments", "mentions"}, fields)

    def test_a_comment_has_its_author_and_a_shared_post_its_address(self):
        comments, shared = [], []
        for _, _, body in stack().told:
            update = hiinsta.Update(**json.loads(body))
            comments += [value for _, field, value in update.iter_changes() if field == "comments"]
            events = [event.message for event, _ in update.iter_messaging() if event.message]
            shared += [one for message in events for one in message.attachments or [] if one.is_shared_post]
        self.assertTrue(comments and all(comment.from_.username and comment.comment_id for comment in comments))
        self.assertTrue(shared and all(attachment.media_url for attachment in shared))
