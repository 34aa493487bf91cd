"""The issuer, read as API Gateway will: it asks when the stack is deployed, waits a second and a half, and takes RSA alone."""

import re
import urllib.parse

from internet import NoAnswer, ask
from report import GUIDES, good, note, wrong

MOST_SECONDS = 1.5
MOST_KEY_BYTES = 150_000
ALGORITHMS = {"RS256", "RS384", "RS512"}
PAGE = f"{GUIDES}/issuers.md"
NO_WAY = f"{PAGE}#what-cannot-work"

# What cannot work, whatever is deployed: the addresses, why, and what can.
IMPOSSIBLE = [
    (
        r"https://[^/]+\.okta(preview|-emea)?\.com/?$",
        "is Okta's org server, whose access tokens are for Okta only",
        "a custom authorization server",
    ),
    (
        r"https://accounts\.google\.com",
        "is Google alone: opaque access tokens, and no sign-in without a secret",
        "a broker in front: Cognito, Auth0, Keycloak",
    ),
    (
        r"https://login\.microsoftonline\.com/(common|organizations|consumers)\b",
        "is a pattern and no issuer: no token names it",
        "the directory's id",
    ),
    (
        r"https://[^/]+\.b2clogin\.com/",
        "is Azure AD B2C, whose discovery document is not under the issuer",
        "Entra External ID",
    ),
]

# What a provider wants beside its address: its issuers, its name, and what is wrong with the parameters.
WANTED = [
    (r"https://(issuer-)?cognito-idp\.", "Amazon Cognito", lambda one: [
        one["OidcLogout"] != "cognito" and "OidcLogout=cognito",
        "offline_access" in one["OidcScope"].split() and "OidcScope without offline_access, which it refuses",
        bool(one["OidcResource"]) and one["JwtAudience"] != one["OidcResource"] and "JwtAudience, the same as OidcResource",
    ]),
    (r"https://[^/]+\.auth0\.com/", "Auth0", lambda one: [
        one["ApiToken"] != "id" and one["OidcAudience"] != one["JwtAudience"] and "OidcAudience, the same as JwtAudience; or ApiToken=id",
        one["ApiToken"] != "id" and not one["OidcClientId"] and "OidcClientId: JwtAudience is the API's identifier",
    ]),
    (r"https://login\.microsoftonline\.com/.*/v2\.0", "Entra ID", lambda one: [
        "/" not in one["OidcScope"] and "OidcScope with a scope of the API, as api://API/access",
    ]),
    (r"https://sts\.windows\.net/", "Entra ID, version 1", lambda one: [
        one["OidcResource"] != one["JwtAudience"] and "OidcResource, the same as JwtAudience",
    ]),
    (r"https://[^/]+\.supabase\.co/", "Supabase", lambda one: [
        one["OidcLogout"] != "local" and "OidcLogout=local",
        one["JwtAudience"] != "authenticated" and "JwtAudience=authenticated",
    ]),
]


def check(deployment):
    parameters = deployment.parameters
    issuer = parameters.get("JwtIssuer")
    if not issuer:
        return  # told with the parameters
    found = list(faults(issuer))
    yield from found
    if not any(one.is_wrong for one in found):
        yield good(f"{issuer} has a discovery document and RSA keys")
        yield from audience(issuer, parameters)


def faults(issuer):
    """Why API Gateway would refuse this issuer, or every token of it."""
    for pattern, why, instead in IMPOSSIBLE:
        if re.match(pattern, issuer):
            yield wrong(f"{issuer} {why}", f"{instead}: {NO_WAY}")
            return
    if not is_public(issuer):
        yield wrong(
            f"{issuer} is no https address",
            f"JwtIssuer is the `iss` of its tokens, as https://login.example.com: {PAGE}",
        )
        return
    address = issuer.rstrip("/") + "/.well-known/openid-configuration"
    try:
        document, slow = read(address)
        yield from of_document(issuer, document)
        keys, slower = read(document.get("jwks_uri"))
        yield from of_keys(issuer, keys)
    except NoAnswer as reason:
        yield wrong(
            f"{issuer}: its discovery document or its keys cannot be read: {reason}",
            f"curl -i {address} must answer JSON; compare JwtIssuer with what the provider says: {PAGE}",
        )
        return
    if max(slow, slower) > MOST_SECONDS:
        yield wrong(
            f"{issuer}: it took {max(slow, slower):.1f} s, and API Gateway waits {MOST_SECONDS}",
            "try again; an issuer that wakes up slowly has to be kept awake while you deploy",
        )


def is_public(address):
    parts = urllib.parse.urlsplit(address)
    return parts.scheme == "https" or parts.hostname == "127.0.0.1"  # the local stack's


def read(address):
    """The document, and the seconds that it took."""
    if not isinstance(address, str):
        raise NoAnswer("it names no jwks_uri")
    answer = ask(address)
    document = answer.json()
    if answer.status != 200:
        raise NoAnswer(f"{address} answers {answer.status}")
    if not isinstance(document, dict):
        raise NoAnswer(f"{address} is no JSON object")
    if len(answer.body) > MOST_KEY_BYTES:
        raise NoAnswer(f"{address} has {len(answer.body)} bytes, and API Gateway reads {MOST_KEY_BYTES}")
    return document, answer.seconds


def of_document(issuer, document):
    if document.get("issuer") != issuer:
        yield wrong(f"{issuer} calls itself {document.get('issuer')}", f"JwtIssuer has to be that, to the last slash: {PAGE}")
    for endpoint in ("authorization_endpoint", "token_endpoint"):
        if not document.get(endpoint):
            yield wrong(f"{issuer} names no {endpoint}, so nobody can sign in on the pages", NO_WAY)
    methods = document.get("code_challenge_methods_supported")
    if methods and "S256" not in methods:
        yield wrong(f"{issuer} does no PKCE (S256)", f"a public client with PKCE: {PAGE}")
    algorithms = document.get("id_token_signing_alg_values_supported")
    if algorithms and not ALGORITHMS & set(algorithms):
        yield wrong(f"{issuer} signs with {', '.join(algorithms)}, and API Gateway verifies RS256, RS384 and RS512", NO_WAY)


def of_keys(issuer, document):
    keys = [key for key in document.get("keys") or [] if key.get("use", "sig") == "sig"]
    usable = [key for key in keys if key.get("kty") == "RSA" and key.get("alg", "RS256") in ALGORITHMS]
    others = sorted({f"{key.get('kty')} {key.get('alg', '')}".strip() for key in keys if key not in usable})
    if not usable:
        yield wrong(
            f"{issuer} has no RSA key to verify tokens with, only {', '.join(others) or 'none at all'}",
            f"RSA signing keys at the provider: {NO_WAY}",
        )
    elif not all(key.get("kid") for key in usable):
        yield wrong(
            f"{issuer} has keys without a `kid`, by which API Gateway finds them",
            f"keys with a name, at the provider: {PAGE}",
        )
    elif others:
        yield note(f"{issuer} has other keys as well ({', '.join(others)}); tokens that those sign are refused", NO_WAY)


def audience(issuer, parameters):
    """What the sign-in's parameters lack, so that no token would have the audience."""
    if not parameters.get("JwtAudience"):
        return
    lacking = [
        (provider, each)
        for pattern, provider, rule in WANTED
        if re.match(pattern, issuer)
        for each in rule(parameters)
        if each
    ]
    for provider, each in lacking:
        yield wrong(f"{provider} wants {each}", f"the provider's row in {PAGE}#what-each-provider-wants")
    if parameters["ApiToken"] == "id" and parameters["OidcClientId"] not in ("", parameters["JwtAudience"]):
        yield wrong(
            "the API is given ID tokens, and their audience is the client",
            f"JwtAudience, the same as OidcClientId: {PAGE}#which-token-the-api-is-given",
        )
    elif not lacking:
        yield good(f"audience {parameters['JwtAudience']}; that tokens name it shows when somebody signs in")
