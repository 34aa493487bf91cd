"""Signatures, by libraries of another language: theirs are accepted by Buzón, and the simulated Meta's by them."""

import unittest

import hiinsta.webhooks
import javascript
from instagram_platform.services.webhooks import verify_webhook_signature
from pymsgr.errors import SignatureVerificationError
from pymsgr.security import verify_webhook_signature as demand_signature
from stack import stack

EMPTY = b'{"object":"instagram","entry":[]}'


class Signatures(unittest.TestCase):
    def test_every_delivery_of_the_simulated_meta_is_signed_right(self):
        told = stack().told
        self.assertTrue(all(javascript.run([(secret, body, signature) for secret, signature, body in told])))
        for secret, signature, body in told:
            demand_signature(body, signature, app_secret=secret)
            self.assertTrue(hiinsta.webhooks.verify_signature(secret, body, signature))
            self.assertTrue(verify_webhook_signature(body, signature, secret))

    def test_none_of_them_is_right_for_another_body_or_secret(self):
        secret, signature, body = stack().told[0]
        self.assertEqual(javascript.run([(secret, body + b" ", signature), ("other", body, signature)]), [False, False])
        with self.assertRaises(SignatureVerificationError):
            demand_signature(body + b" ", signature, app_secret=secret)

    def test_buzon_accepts_what_they_sign_and_nothing_else(self):
        secret = stack().app("instagram")["app_secret"]
        bodies = [EMPTY, EMPTY + b"\n", '{"object":"instagram","entry":[],"note":"ñ \\u00f1 \\/"}'.encode()]
        right = javascript.run([(secret, body) for body in bodies])
        wrong = javascript.run([("other", body) for body in bodies])
        for body, signature, forged in zip(bodies, right, wrong):
            self.assertEqual(stack().deliver(body, signature).status_code, 200, body)
            self.assertEqual(stack().deliver(body, forged).status_code, 401, body)
        self.assertEqual(stack().deliver(bodies[0], right[1]).status_code, 401)
