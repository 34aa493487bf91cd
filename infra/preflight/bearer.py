"""Somebody's token, as API Gateway and the API would take it. Says which claim does not fit, and never the token."""

import base64
import json
import pathlib
import sys
import time

from address import guarded_paths
from internet import NoAnswer, ask
from issuer import ALGORITHMS, PAGE
from report import GUIDES, good, wrong


def check(deployment):
    if not deployment.token_from:
        return
    token = sys.stdin.read() if deployment.token_from == "-" else pathlib.Path(deployment.token_from).read_text(encoding="utf-8")
    token = token.strip().removeprefix("Bearer ")
    found = list(of_gateway(token, deployment.parameters))
    yield from found or [good("API Gateway would take it: issuer, audience, algorithm, not expired; its signature was not checked")]
    if not found and deployment.is_after:
        yield from of_api(deployment, token)


def part(text):
    """An object of a JWT, or `None`."""
    try:
        decoded = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except ValueError:
        return None
    return decoded if isinstance(decoded, dict) else None


def of_gateway(token, parameters):
    """Why API Gateway would refuse it, by its own rules."""
    parts = token.split(".")
    head, claims = (part(parts[0]), part(parts[1])) if len(parts) == 3 else (None, None)
    if not head or not claims:
        yield wrong("it is opaque: API Gateway reads JWTs only", f"OidcAudience, or ApiToken=id: {PAGE}#which-token-the-api-is-given")
        return
    issuer, audience = parameters["JwtIssuer"], parameters["JwtAudience"]
    if head.get("alg") not in ALGORITHMS:
        yield wrong(f"it is signed with {head.get('alg')}, and API Gateway verifies RS256, RS384 and RS512", f"{PAGE}#what-cannot-work")
    if claims.get("iss") != issuer:
        yield wrong(f"its `iss` is {claims.get('iss')}, and JwtIssuer {issuer}", f"JwtIssuer, byte for byte: {PAGE}")
    # `client_id` counts only where there is no `aud`.
    named = claims.get("aud", claims.get("client_id"))
    if audience not in (named if isinstance(named, list) else [named]):
        yield wrong(f"its `{'aud' if 'aud' in claims else 'client_id'}` is {named}, and JwtAudience {audience}", f"{PAGE}#what-each-provider-wants")
    if claims.get("exp", 0) <= time.time():
        yield wrong("it has expired", "a fresh one")


def of_api(deployment, token):
    """What the API says to it."""
    path = next(iter(guarded_paths(deployment)))
    try:
        answer = ask(deployment.outputs["ApiUrl"] + path, headers={"authorization": f"Bearer {token}"})
    except NoAnswer as reason:
        yield wrong(f"{path} does not answer: {reason}", f"{GUIDES}/troubleshooting.md#at-the-api")
        return
    problem = answer.json() or {}
    if answer.status == 200:
        yield good("the API takes it: it names a tenant and a role")
    elif answer.status == 401:
        yield wrong("API Gateway refuses it: its signature, or keys that were changed in the last two hours", f"{PAGE}#when-a-sign-in-fails")
    elif problem.get("claim"):
        yield wrong(f"the API refuses its claim {problem['claim']}: {problem.get('detail')}", f"TenantClaim, RoleClaim, RoleNames: {PAGE}#claims")
    else:
        yield wrong(f"the API answers {answer.status} {problem.get('type', '')}".rstrip(), f"{GUIDES}/troubleshooting.md#at-the-api")
