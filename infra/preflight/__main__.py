"""Checks everything about a deployment that can be checked from here, before it and after it. Prints no secret.

    cargo dev preflight             before the first `sam deploy`; and once the stack stands, after it
    cargo dev preflight --before    before an upgrade

Stack, region and parameters are those that `sam deploy` would take from samconfig.toml. Ends with 1 if there is something to mend.
"""

import argparse
import os
import sys

try:
    import botocore.exceptions
    import click

    import account
    import address
    import alarms
    import bearer
    import functions
    import issuer
    import meta_apps
    import parameters
    import storage
    import webhook
    from deployment import Deployment, NotDeployed
except ModuleNotFoundError as missing:
    sys.exit(f"{missing}: activate the virtual environment first, infra/guides/deploy.md#1-tools")
from report import tell, use_utf8, wrong

BEFORE = {
    "parameters": parameters.check,
    "issuer": issuer.check,
    "account": account.check,
    "certificate": account.certificates,
    "token": bearer.check,
}
AFTER = {
    **BEFORE,
    "storage": storage.check,
    "functions": functions.check,
    "address": address.check,
    "secret": meta_apps.check,
    "webhook": webhook.check,
    "alarms": alarms.check,
}
# What only a person sees.
BY_HAND = [
    "at Meta: the redirect URI and the callbacks for deauthorizing and deletion, byte for byte (infra/guides/meta-app.md)",
    "at your issuer: the redirect URI and the address after signing out (infra/guides/issuers.md)",
    "that people's tokens have audience, tenant and role: --token FILE looks at one; or sign in, and the page says what is missing",
]


def options(arguments):
    parser = argparse.ArgumentParser(prog="cargo dev preflight", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    phase = parser.add_mutually_exclusive_group()
    phase.add_argument("--before", action="store_true", help="what is in samconfig.toml, although a stack stands")
    phase.add_argument("--after", action="store_true", help="what is deployed")
    parser.add_argument("--only", action="append", choices=AFTER, metavar="AREA", help=f"one of {', '.join(AFTER)}; may be repeated")
    parser.add_argument("--token", metavar="FILE", help="a token of somebody's, that it is looked at as well; - for the standard input")
    parser.add_argument("--stack-name")
    parser.add_argument("--config-env", default="default", help="the section of samconfig.toml")
    parser.add_argument("--parameter-overrides", nargs="+", metavar="NAME=VALUE", help="instead of those in samconfig.toml; or file://…")
    parser.add_argument("--region")
    parser.add_argument("--profile")
    return parser.parse_args(arguments)


def told_by(check, deployment):
    """What a check finds; where it cannot be made, why."""
    try:
        yield from check(deployment)
    except NotDeployed:
        yield wrong(
            f"{deployment.name} is not deployed in {deployment.region}",
            "sam deploy; or another --stack-name, --region, --profile",
        )
    except (botocore.exceptions.NoCredentialsError, botocore.exceptions.TokenRetrievalError) as error:
        yield wrong(
            f"no credentials for AWS: {error}",
            "aws configure, or export AWS_PROFILE; aws sts get-caller-identity shows whose they are",
        )
    except botocore.exceptions.ClientError as error:
        code = error.response["Error"]["Code"]
        yield wrong(
            f"AWS refuses {error.operation_name}: {code}",
            "credentials that may read what the stack has, as the policy ReadOnlyAccess",
        )
    except botocore.exceptions.BotoCoreError as error:
        yield wrong(f"AWS was not asked: {error}", "region, profile and network: aws sts get-caller-identity")


def main(arguments):
    use_utf8()
    chosen = options(arguments)
    try:
        deployment = Deployment(chosen)
    except (botocore.exceptions.ProfileNotFound, click.ClickException) as error:
        return f"{error.format_message() if isinstance(error, click.ClickException) else error}"
    if not chosen.before and not chosen.after:
        deployment.is_after = bool(deployment.kept())  # without credentials it is before: the check of the account tells
    where = deployment.region or "no region"
    print(f"{deployment.name} in {where}, {'as it is deployed' if deployment.is_after else 'before it is deployed'}\n")
    to_mend = 0
    for area, check in (AFTER if deployment.is_after else BEFORE).items():
        if not chosen.only or area in chosen.only:
            for finding in told_by(check, deployment):
                tell(area, finding)
                to_mend += bool(finding.is_wrong)
    if deployment.is_after and not chosen.only:
        print("\nNot to be seen from here:", *BY_HAND, sep="\n  ")
    print(f"\n{to_mend} to mend." if to_mend else "\nNothing to mend.")
    return 1 if to_mend else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except BrokenPipeError:  # whoever read it has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
