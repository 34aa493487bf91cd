"""Asks a server as a browser would. Says nothing of an address that may hold a secret."""

import dataclasses
import json
import time
import urllib.error
import urllib.parse
import urllib.request

TIMEOUT_SECONDS = 10


class NoAnswer(Exception):
    """Nobody answered; the text is the reason without the address."""


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    headers: dict
    body: bytes
    seconds: float

    def json(self):
        """The body, or `None` where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class Unfollowed(urllib.request.HTTPErrorProcessor):
    """Hands every answer on, whatever its status is."""

    def http_response(self, _, response):
        return response

    https_response = http_response


OPENER = urllib.request.build_opener(Unfollowed)


def ask(url, query=None, form=None, headers=None):
    """The answer to a GET, or to a POST of a form. Redirects are not followed."""
    address = url + (f"?{urllib.parse.urlencode(query)}" if query else "")
    data = urllib.parse.urlencode(form).encode() if form else None
    began = time.monotonic()
    try:
        request = urllib.request.Request(address, data=data, headers={"user-agent": "buzon-preflight", **(headers or {})})
        with OPENER.open(request, timeout=TIMEOUT_SECONDS) as answer:
            body = answer.read()
            named = {name.lower(): value for name, value in answer.headers.items()}
            return Answer(answer.status, named, body, time.monotonic() - began)
    except (OSError, ValueError) as error:  # a ValueError quotes the address
        reason = getattr(error, "reason", error)
        raise NoAnswer(str(reason) if isinstance(error, OSError) else "it is no address") from None
