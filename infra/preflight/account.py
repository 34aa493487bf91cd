"""The AWS account: who deploys, what is in the way, and whether the domain's certificate can be used."""

import datetime
import re
import shutil
import subprocess

from parameters import DOMAINS
from report import GUIDES, good, note, wrong

TOOLS = f"{GUIDES}/deploy.md#1-tools"
# `sam build` needs these. zig comes as a module of Python, and cargo-lambda finds it.
PROGRAMS = ("sam", "aws", "cargo", "cargo-lambda", "python-zig")
TARGETS = {"arm64": "aarch64-unknown-linux-gnu", "x86_64": "x86_64-unknown-linux-gnu"}
# Lambda leaves at least that much concurrency to functions that have none for themselves.
UNRESERVED = 100


def tools(deployment):
    missing = [program for program in PROGRAMS if not shutil.which(program)]
    target = TARGETS.get(deployment.parameters["Architecture"])
    if missing:
        yield wrong(f"{', '.join(missing)}: not found", f"activate the virtual environment, or install them: {TOOLS}")
    elif target not in installed():
        yield wrong(f"Rust has no target {target}", f"rustup target add {target}")
    else:
        yield good("everything that `sam build` needs is here")


def installed():
    """Rust's targets. Without rustup there is the machine's own."""
    try:
        command = ["rustup", "target", "list", "--installed"]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    except (OSError, subprocess.CalledProcessError):
        told = subprocess.run(["rustc", "-vV"], capture_output=True, text=True, check=False).stdout
        return re.findall(r"^host: (.+)$", told, re.MULTILINE)


def identity(deployment):
    if not deployment.region:
        yield wrong("no region is chosen", "export AWS_DEFAULT_REGION=eu-central-1, or --region, or `aws configure`")
        return
    caller = deployment.client("sts").get_caller_identity()
    yield good(f"{caller['Account']}, in {deployment.region}, as {caller['Arn'].split(':', 5)[-1]}")


def stack(deployment):
    """Whether it can be deployed, or how the last deployment ended."""
    name = deployment.name
    status = deployment.stack["StackStatus"] if deployment.stack else None
    if status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "REVIEW_IN_PROGRESS"):
        yield wrong(
            f"{name} is {status}: its first deployment failed",
            f"aws cloudformation describe-stack-events --stack-name {name} says why; then aws cloudformation delete-stack --stack-name {name}",
        )
    elif status and status.endswith("IN_PROGRESS"):
        yield wrong(f"{name} is {status}", f"wait: aws cloudformation wait stack-update-complete --stack-name {name}")
    elif status and status.endswith("FAILED"):
        yield wrong(
            f"{name} is {status}",
            f"aws cloudformation describe-stack-events --stack-name {name} says why; aws cloudformation continue-update-rollback --stack-name {name}",
        )
    elif status and "ROLLBACK" in status:
        yield wrong(f"{name} is {status}: the last deployment was taken back", f"{GUIDES}/troubleshooting.md#while-deploying")
    elif status:
        yield good(f"{name} is {status}")
    else:
        yield good(f"{name} is not deployed yet")


def names(deployment):
    """What an earlier stack of this name has kept, so that a new one cannot be made."""
    if deployment.stands():
        return
    found = [*kept_tables(deployment), *kept_secret(deployment)]
    yield from found or [good(f"nothing of an earlier {deployment.name} is in the way")]


def called(deployment, resource, member):
    """The name that a resource will have."""
    return resource["Properties"][member]["Fn::Sub"].replace("${AWS::StackName}", deployment.name)


def kept_tables(deployment):
    client = deployment.client("dynamodb")
    for table in deployment.of_type("AWS::DynamoDB::Table").values():
        name = called(deployment, table, "TableName")
        try:
            client.describe_table(TableName=name)
        except client.exceptions.ResourceNotFoundException:
            continue
        yield wrong(
            f"the table {name} of an earlier stack is still there",
            f"another stack name, or delete it: {GUIDES}/deploy.md#tear-down",
        )


def kept_secret(deployment):
    client = deployment.client("secretsmanager")
    for secret in deployment.of_type("AWS::SecretsManager::Secret").values():
        name = called(deployment, secret, "Name")
        try:
            deleted = client.describe_secret(SecretId=name).get("DeletedDate")
        except client.exceptions.ResourceNotFoundException:
            continue
        state = "waits for its deletion" if deleted else "is still there"
        yield wrong(
            f"the secret {name} of an earlier stack {state}",
            f"aws secretsmanager delete-secret --secret-id {name} --force-delete-without-recovery",
        )


def certificates(deployment):
    for domain, arn in DOMAINS:
        yield from certificate(deployment, deployment.parameters[domain], deployment.parameters[arn])


def certificate(deployment, domain, arn):
    """Whether the domain's certificate is issued, and is the domain's."""
    if not domain or not arn.startswith("arn:"):
        return
    client = deployment.client("acm")
    try:
        found = client.describe_certificate(CertificateArn=arn)["Certificate"]
    except (client.exceptions.ResourceNotFoundException, client.exceptions.InvalidArnException):
        yield wrong(
            f"ACM has no such certificate in {deployment.region}",
            f"aws acm request-certificate --domain-name {domain} --validation-method DNS",
        )
        return
    covered = [found["DomainName"], *found.get("SubjectAlternativeNames", [])]
    days = (found["NotAfter"] - datetime.datetime.now(datetime.timezone.utc)).days if "NotAfter" in found else None
    if found["Status"] != "ISSUED":
        yield wrong(
            f"the certificate of {domain} is {found['Status']}",
            f"the record that proves the domain: aws acm describe-certificate --certificate-arn {arn} --query Certificate.DomainValidationOptions",
        )
    elif not any(covers(name, domain) for name in covered):
        yield wrong(
            f"the certificate is for {', '.join(sorted(set(covered)))}, and not for {domain}",
            f"aws acm request-certificate --domain-name {domain} --validation-method DNS",
        )
    elif days is not None and days < 14:
        yield wrong(
            f"the certificate of {domain} ends in {days} days",
            "renew it; ACM does it itself while the record that proves the domain is there",
        )
    else:
        yield good(f"the certificate of {domain} is issued")


def covers(name, domain):
    return name == domain or (name.startswith("*.") and domain.partition(".")[2] == name[2:])


def concurrency(deployment):
    """New accounts may run ten functions at once."""
    reserved = int(deployment.parameters["WebhookConcurrency"])
    limit = deployment.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    raise_it = "Service Quotas, Lambda, Concurrent executions: ask for 1000; it takes a day"
    if reserved and limit - reserved < UNRESERVED:
        yield wrong(
            f"WebhookConcurrency is {reserved}, of the account's {limit}, and AWS keeps {UNRESERVED} for all others",
            f"0, or more: {raise_it}",
        )
    elif limit < UNRESERVED:
        yield note(f"the account may run {limit} functions at once, which is enough to try it", raise_it)


def check(deployment):
    if not deployment.is_after:
        yield from tools(deployment)
    yield from identity(deployment)
    yield from stack(deployment)
    yield from names(deployment)
    yield from concurrency(deployment)
