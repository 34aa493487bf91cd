"""Reads an issuer's discovery document and keys as API Gateway will, and says why it could not use them.

    python3 issuer.py ISSUER

Needs nothing but Python. API Gateway asks only when the stack is deployed, gives up after a second and a half, and verifies RSA
signatures alone.
"""

import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

MOST_SECONDS = 1.5


def fetch(address):
    """The document, and the seconds that it took."""
    began = time.monotonic()
    with urllib.request.urlopen(address, timeout=10) as answer:
        return json.load(answer), time.monotonic() - began


def is_public(address):
    parts = urllib.parse.urlsplit(address)
    return parts.scheme == "https" or parts.hostname == "127.0.0.1"  # for tests


def faults(issuer):
    """Why API Gateway would refuse this issuer, or every token of it."""
    if not is_public(issuer):
        yield f"{issuer} is no https address"
        return
    try:
        document, seconds = fetch(issuer.rstrip("/") + "/.well-known/openid-configuration")
        if document.get("issuer") != issuer:
            yield f"it calls itself {document.get('issuer')}: JwtIssuer has to be that, to the last slash"
        keys, more = fetch(document["jwks_uri"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, urllib.error.URLError) as error:
        yield f"its discovery document or its keys cannot be read: {type(error).__name__}: {error}"
        return
    if max(seconds, more) > MOST_SECONDS:
        yield f"it took {max(seconds, more):.1f} s, and API Gateway waits {MOST_SECONDS}"
    usable = [key for key in keys.get("keys", []) if key.get("kty") == "RSA" and key.get("use", "sig") == "sig"]
    if not usable:
        kinds = sorted({str(key.get("kty")) for key in keys.get("keys", [])})
        yield f"it has no RSA key to verify tokens with, only {', '.join(kinds) or 'none at all'}"


def main(issuer):
    found = list(faults(issuer))
    print("\n".join(f"{issuer}: {fault}" for fault in found) or f"{issuer}: discovery document and RSA keys are there")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
