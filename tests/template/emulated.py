"""Deploys the templates to an emulator's CloudFormation, with the parameters that make and leave out resources, and tears one down.

    python emulated.py MINISTACK

MINISTACK is the emulator's program. It knows no CodeDeploy, no route responses and no alarms on expressions, so those are left out;
whatever else it does not know fails.
"""

import copy
import io
import json
import os
import subprocess
import sys
import time
import zipfile

import boto3

from deployed import PARAMETERS, ROOT, deployed, of_type, read
from emulator import emulator

BUCKET = "templates"
VARIANTS = {
    "plain": {},
    "plain-staging": {},
    "with-everything": {
        "AlarmEmail": "operations@example.com",
        "MonthlyBudget": "0",  # it has no budgets
        "TableEncryption": "customer",
        "DomainName": "inbox.example.com",
        "CertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-4000-8000-000000000000",
    },
}


def client(service, address):
    return boto3.client(
        service, endpoint_url=address, region_name="us-east-1", aws_access_key_id="local", aws_secret_access_key="local"
    )


def upload(address, bootstrap=""):
    """Puts the templates and a function's program where CloudFormation looks for them."""
    s3 = client("s3", address)
    s3.create_bucket(Bucket=BUCKET)
    s3.create_bucket(Bucket="bucket")
    s3.put_object(Bucket="bucket", Key="key", Body=packed(bootstrap))
    template = without_unknown(deployed())
    for stack in of_type(template, "AWS::CloudFormation::Stack").values():
        path = stack["Properties"]["TemplateURL"]
        s3.put_object(Bucket=BUCKET, Key=path, Body=json.dumps(without_expressions(read(path))).encode())
        stack["Properties"]["TemplateURL"] = f"{address}/{BUCKET}/{path}"
    s3.put_object(Bucket=BUCKET, Key="template.json", Body=json.dumps(template).encode())
    return f"{address}/{BUCKET}/template.json"


def packed(bootstrap):
    """A function's zip."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("bootstrap", bootstrap)
    return archive.getvalue()


def without_unknown(template):
    template = copy.deepcopy(template)
    resources = template["Resources"]
    unknown = ("CodeDeploy", "AWS::ApiGatewayV2::RouteResponse")
    for name in [name for name, resource in resources.items() if any(kind in resource["Type"] + name for kind in unknown)]:
        del resources[name]
    for resource in resources.values():
        resource.pop("UpdatePolicy", None)
    return template


def without_expressions(template):
    resources = template["Resources"]
    for name in [name for name, resource in resources.items() if "Metrics" in resource.get("Properties", {})]:
        del resources[name]
    return template


def deploy(address, url, name, parameters, how="create"):
    """The failures, if any."""
    cloudformation = client("cloudformation", address)
    given = {**PARAMETERS, **parameters}.items()
    getattr(cloudformation, f"{how}_stack")(
        StackName=name,
        TemplateURL=url,
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given],
        Capabilities=["CAPABILITY_IAM"],
    )
    status = "IN_PROGRESS"
    while status.endswith("IN_PROGRESS"):
        time.sleep(0.2)
        status = cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=name)
    made = sum(len(page["StackResourceSummaries"]) for page in pages)
    print(f"{name}: {status}, {made} resources")
    if status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        return []
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [event for event in events if event["ResourceStatus"] == "CREATE_FAILED"]
    return [f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason')}" for event in failed] or [status]


def names(address):
    """Everything that outlives a stack and has its name, in the whole account."""
    tables = client("dynamodb", address).list_tables()["TableNames"]
    queues = client("sqs", address).list_queues().get("QueueUrls", [])
    secrets = client("secretsmanager", address).list_secrets()["SecretList"]
    return {*tables, *queues, *(secret["Name"] for secret in secrets if "DeletedDate" not in secret)}


def tear_down(address, stack, neighbour):
    """What is left of a stack, or gone of its neighbour, whose name begins like its own."""
    before = names(address)
    credentials = {"AWS_ENDPOINT_URL": address, "AWS_DEFAULT_REGION": "us-east-1"}
    credentials |= {"AWS_ACCESS_KEY_ID": "local", "AWS_SECRET_ACCESS_KEY": "local"}
    command = [sys.executable, ROOT / "infra/teardown.py", stack, "--delete"]
    done = subprocess.run(command, env={**os.environ, **credentials}, input=f"{stack}\n", text=True, capture_output=True)
    if done.returncode:
        return [f"teardown: {done.stdout[-200:]} {done.stderr[-500:]}"]
    after = names(address)
    of_neighbour = {name for name in before if neighbour in name}
    left = sorted(name for name in after - of_neighbour if stack in name)
    gone = sorted(of_neighbour - after)
    print(f"{stack}: torn down, {len(before - after)} resources that it had kept, none of the {len(of_neighbour)} of {neighbour}")
    return [f"{name} is left" for name in left] + [f"{name} of {neighbour} is gone" for name in gone]


def main(program):
    with emulator(program) as address:
        url = upload(address)
        failures = [failure for name, parameters in VARIANTS.items() for failure in deploy(address, url, name, parameters)]
        failures += tear_down(address, "plain", "plain-staging")
    print("\n".join(failures), end="\n" if failures else "")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
