"""The API's address as people's browsers meet it."""

import socket
import urllib.parse

from internet import NoAnswer, ask
from report import GUIDES, good, wrong

TROUBLE = f"{GUIDES}/troubleshooting.md"


def check(deployment):
    live = deployment.parameters["LiveDomainName"]
    if live and not resolves(live):
        yield wrong(
            f"DNS knows no {live}",
            f"a CNAME or alias record to {deployment.outputs['LiveDomainTarget']}; it may take minutes to be seen",
        )
    url = deployment.outputs["ApiUrl"]
    host = urllib.parse.urlsplit(url).hostname
    if deployment.parameters["DomainName"] and not resolves(host):
        yield wrong(
            f"DNS knows no {host}",
            f"a CNAME or alias record to {deployment.outputs['DomainTarget']}; it may take minutes to be seen",
        )
        return
    try:
        yield from page(deployment, url)
        yield from guarded(deployment, url)
    except NoAnswer as reason:
        yield wrong(f"{url} does not answer: {reason}", f"curl -i {url}/; {TROUBLE}#at-the-api")


def resolves(host):
    try:
        return bool(socket.getaddrinfo(host, 443))
    except OSError:
        return False


def page(deployment, url):
    answer = ask(f"{url}/")
    if answer.status != 200 or "text/html" not in answer.headers.get("content-type", ""):
        yield wrong(f"{url}/ answers {answer.status}, and not a page", f"the log of `web`: {GUIDES}/runbook.md#commands")
        return
    yield good(f"{url} answers with the pages")
    # A page's policy names the issuer's token endpoint, once `web` has read the issuer's document.
    allowed = answer.headers.get("content-security-policy", "").partition("connect-src ")[2].partition(";")[0].split()
    allowed = [source for source in allowed if not source.startswith("wss:")]  # where open pages are told what has changed
    if allowed == ["'self'"] and deployment.parameters["JwtIssuer"] != url:
        yield wrong(
            "the pages cannot read the issuer's discovery document, so nobody can sign in",
            f"{GUIDES}/issuers.md#when-a-sign-in-fails",
        )


def guarded(deployment, url):
    """A route that wants a token: API Gateway itself refuses whoever has none."""
    path = next(iter(guarded_paths(deployment)))
    status = ask(url + path).status
    if status == 401:
        yield good("routes that want a token are there, and refuse without one")
    else:
        yield wrong(
            f"{path} answers {status} without a token, and not 401",
            f"the routes were deployed without the issuer: mend that, and sam deploy again; {TROUBLE}#while-deploying",
        )


def guarded_paths(deployment):
    """The routes of GET that name nothing of a tenant's."""
    for function in deployment.of_type("AWS::Serverless::Function").values():
        for event in function["Properties"].get("Events", {}).values():
            route = event.get("Properties", {})
            is_open = route.get("Auth", {}).get("Authorizer") == "NONE"
            if event["Type"] == "HttpApi" and route.get("Method") == "get" and not is_open and "{" not in route["Path"]:
                yield route["Path"]
