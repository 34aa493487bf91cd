"""The parameters: complete, known to the template, and such that a deployment with them can work."""

import re
import urllib.parse

from report import GUIDES, good, note, wrong

DEPLOY = f"{GUIDES}/deploy.md#3-parameters"
CALLBACK = "/api/integrations/meta/instagram/callback"


def check(deployment):
    given, rules = deployment.given, deployment.template["Parameters"]
    found = [*incomplete(given, rules), *implausible(deployment.parameters, deployment.region)]
    if found:
        yield from found
    else:
        yield good("whatever has no default is given, and every value can be used")
    yield from deliberate(deployment.parameters)


def incomplete(given, rules):
    """Against what the template declares."""
    for name in sorted(set(given) - set(rules)):
        yield wrong(f"the template has no {name}", f"compare its spelling with {DEPLOY}")
    for name, rule in rules.items():
        value = given.get(name, rule.get("Default"))
        if value is None or (value == "" and "Default" not in rule):
            yield wrong(f"{name} is not given", f"{rule['Description'].rstrip('.')}. Write it to samconfig.toml: {DEPLOY}")
        elif name in given:
            yield from refused(name, str(value), rule)


def refused(name, value, rule):
    """Against the parameter's own rule, as CloudFormation would."""
    if "AllowedValues" in rule and value not in map(str, rule["AllowedValues"]):
        yield wrong(f"{name} is none of {', '.join(map(str, rule['AllowedValues']))}", f"write one of them: {DEPLOY}")
    if "AllowedPattern" in rule and not re.fullmatch(rule["AllowedPattern"], value):
        yield wrong(f"{name} has another form than {rule['AllowedPattern']}", rule["Description"])
    if rule["Type"] == "Number" and not (value.isdecimal() and int(value) >= rule.get("MinValue", 0)):
        yield wrong(f"{name} is no number from {rule.get('MinValue', 0)} on", rule["Description"])


def implausible(parameters, region):
    """What CloudFormation would take, and nobody could use."""
    for name, fault, mend in RULES:
        value = parameters.get(name, "")
        if value and fault(value):
            yield wrong(f"{name} is {value}", mend)
    for domain, certificate in DOMAINS:
        yield from uncertified(parameters, domain, certificate, region)
    if parameters["DomainName"] and parameters["DomainName"] == parameters["LiveDomainName"]:
        yield wrong("LiveDomainName is DomainName", "another name: API Gateway lets a WebSocket API share none with an HTTP API")


# A domain's name and its certificate: of the API, and of the sockets.
DOMAINS = [("DomainName", "CertificateArn"), ("LiveDomainName", "LiveCertificateArn")]


def uncertified(parameters, domain, certificate, region):
    """Whether a domain and its certificate are given together, and in the stack's region."""
    arn = parameters[certificate]
    if parameters[domain] and not arn:
        yield wrong(f"{domain} is given without {certificate}", "the domain's certificate in ACM, in the stack's region")
    if arn and not parameters[domain]:
        yield wrong(f"{certificate} is given without {domain}", "the domain as well, or neither")
    if arn.startswith("arn:") and region and f":acm:{region}:" not in arn:
        yield wrong(
            f"{certificate} is of another region than {region}",
            "a certificate in the stack's region: the endpoint is regional",
        )


def deliberate(parameters):
    """Choices that are fine, and that somebody may have made without knowing."""
    if not parameters["AlarmEmail"]:
        yield note("AlarmEmail is empty: nobody is told when something fails", f"{GUIDES}/cost.md has the price of alarms")
    if parameters["AllowedOrigins"] == "https://localhost":
        yield note(
            "AllowedOrigins is the default: your product's pages cannot call the API",
            f"your product's origins: {GUIDES}/integrate.md",
        )


def is_no_origin(text):
    parts = urllib.parse.urlsplit(text)
    return parts.scheme not in ("http", "https") or not parts.hostname or text != f"{parts.scheme}://{parts.netloc}"


def is_no_address(text):
    parts = urllib.parse.urlsplit(text)
    return parts.scheme != "https" or not parts.hostname or bool(parts.fragment or parts.query)


def is_no_name(text):
    return not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)*", text)


def is_no_certificate(text):
    return not re.match(r"arn:aws[a-z-]*:acm:", text)


# A parameter, what makes its value unusable, and what it has to be.
RULES = [
    ("JwtIssuer", lambda text: text != text.strip(), "without spaces before and after it"),
    ("JwtAudience", lambda text: re.search(r"\s|,", text), "one audience, without spaces"),
    (
        "AllowedOrigins",
        lambda text: any(map(is_no_origin, text.split(","))),
        "origins, as https://app.example.com: no path, no slash at the end, commas and no spaces between them",
    ),
    (
        "FrameAncestors",
        lambda text: re.search("[;,]", text) or {"none", "self"} & set(text.split()),
        "sources with spaces between them; 'none' and 'self' in single quotes",
    ),
    ("DomainName", is_no_name, "a name, as inbox.example.com: no https://, no path"),
    ("CertificateArn", is_no_certificate, "the ARN of a certificate in ACM"),
    ("LiveDomainName", is_no_name, "a name, as live.example.com: no wss://, no path"),
    ("LiveCertificateArn", is_no_certificate, "the ARN of a certificate in ACM"),
    ("WebUrl", lambda text: is_no_address(text) or text.endswith("/"), "an https address without a slash at its end"),
    ("MetaRedirectUri", is_no_address, f"exactly what is registered at Meta, as https://inbox.example.com{CALLBACK}"),
    ("MetaUrlPrefix", lambda text: text != "https://", "https:// for the real Meta"),
    ("AlarmEmail", lambda text: not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", text), "one address, as operations@example.com"),
    ("OidcScope", lambda text: "openid" not in text.split(), "openid, and what else is asked for, with spaces between"),
    ("TenantClaim", lambda text: re.search(r"\s", text), f"the name of a claim: {GUIDES}/issuers.md#claims"),
]
