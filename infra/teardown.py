"""Deletes a stack and what it keeps: its own resources by their names, never by a prefix that another stack shares.

    python infra/teardown.py STACK            lists what would go
    python infra/teardown.py STACK --delete   asks for the stack's name, then deletes

What holds data outlives the stack (tables, queues, keys, the secret), so it is listed before the stack goes and deleted after it.
Secrets can be restored for 7 days and keys for 30; until then backups of tokens can be opened.
"""

import sys
import time

import boto3

KEPT = ("AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::SecretsManager::Secret", "AWS::KMS::Key")


def kept(stack):
    """Type and name of everything of the stack that outlives it."""
    pages = boto3.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=stack)
    resources = [resource for page in pages for resource in page["StackResourceSummaries"]]
    return [
        (resource["ResourceType"], resource["PhysicalResourceId"])
        for resource in resources
        if resource["ResourceType"] in KEPT and resource.get("PhysicalResourceId")
    ]


def delete_stack(stack):
    cloudformation = boto3.client("cloudformation")
    stack_id = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName=stack)
    status = "DELETE_IN_PROGRESS"
    while status == "DELETE_IN_PROGRESS":
        time.sleep(2)
        status = status_of(cloudformation, stack_id)
    if status != "DELETE_COMPLETE":
        raise SystemExit(f"{stack}: {status}; nothing else was deleted. Its events in CloudFormation say why.")


def status_of(cloudformation, stack_id):
    try:
        return cloudformation.describe_stacks(StackName=stack_id)["Stacks"][0]["StackStatus"]
    except cloudformation.exceptions.ClientError as error:
        if "does not exist" in str(error):
            return "DELETE_COMPLETE"
        raise


def delete(kind, name):
    match kind:
        case "AWS::DynamoDB::Table":
            dynamodb = boto3.client("dynamodb")
            dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
            dynamodb.get_waiter("table_exists").wait(TableName=name)
            dynamodb.delete_table(TableName=name)
        case "AWS::SQS::Queue":
            boto3.client("sqs").delete_queue(QueueUrl=name)
        case "AWS::SecretsManager::Secret":
            boto3.client("secretsmanager").delete_secret(SecretId=name, RecoveryWindowInDays=7)
        case "AWS::KMS::Key":
            boto3.client("kms").schedule_key_deletion(KeyId=name, PendingWindowInDays=30)


def main(stack, *options):
    resources = kept(stack)
    for kind, name in resources:
        print(f"{kind:28} {name}")
    if "--delete" not in options:
        print(f"\n{len(resources)} resources hold data. With --delete they are deleted after the stack.")
        return
    if input("\nDelete the stack and all of this? Write its name: ") != stack:
        raise SystemExit("Nothing was deleted.")
    delete_stack(stack)
    for kind, name in resources:
        delete(kind, name)
        print(f"deleted {name}")


if __name__ == "__main__":
    main(*sys.argv[1:])
