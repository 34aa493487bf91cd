"""What whoever deploys has to be allowed to do, from the types of resources that the templates have.

    python deployer.py > ../../infra/deployer.yaml

AWS says for each type which actions CloudFormation needs to make, read, change and delete it (the schemas that cfn-lint brings
along). Left out are those for what no resource here has; added are those of `sam` itself and of what AWS does not list.
"""

import functools
import importlib.resources
import json
import re
import sys

from deployed import deployed, read

# By prefix of an action: what it would be for.
LEFT_OUT = {
    "billing:": "billing views", "ec2:": "functions in a VPC", "elasticfilesystem:": "file systems of functions",
    "s3files:": "file systems of functions", "firehose:": "logs to Firehose", "kinesis:": "streams of tables",
    "s3:": "code and templates in buckets, which sam's own actions cover",
    "apigateway:AddCertificateToDomain": "mutual TLS", "apigateway:RemoveCertificateFromDomain": "mutual TLS",
    "cloudformation:SetStackPolicy": "stack policies", "cloudformation:UpdateTerminationProtection": "its protection",
    "codedeploy:RegisterOnPremisesInstance": "servers", "dynamodb:AssociateTableReplica": "replicas",
    "dynamodb:BatchWriteItem": "data", "dynamodb:DeleteItem": "data", "dynamodb:GetItem": "data", "dynamodb:PutItem": "data",
    "dynamodb:Query": "data", "dynamodb:Scan": "data", "dynamodb:UpdateItem": "data",
    "dynamodb:CreateTableReplica": "replicas", "dynamodb:ImportTable": "imports", "dynamodb:DescribeImport": "imports",
    "dynamodb:EnableKinesisStreamingDestination": "streams", "dynamodb:DisableKinesisStreamingDestination": "streams",
    "dynamodb:UpdateKinesisStreamingDestination": "streams", "iam:AttachGroupPolicy": "people", "iam:DetachGroupPolicy": "people",
    "iam:AttachUserPolicy": "people", "iam:DetachUserPolicy": "people", "lambda:PassCapacityProvider": "managed instances",
    "lambda:PutFunctionScalingConfig": "managed instances", "lambda:DeleteProvisionedConcurrencyConfig": "paid by the hour",
    "lambda:PutProvisionedConcurrencyConfig": "paid by the hour", "lambda:PutFunctionCodeSigningConfig": "signed code",
    "logs:CreateLogStream": "lines", "logs:PutLogEvents": "lines", "logs:AssociateKmsKey": "a key for logs",
    "logs:DisassociateKmsKey": "a key for logs", "logs:PutBearerTokenAuthentication": "tokens for logs",
    "secretsmanager:ReplicateSecretToRegions": "replicas", "secretsmanager:RemoveRegionsFromReplication": "replicas",
    "apigateway:TagResource": "IAM knows no such action", "apigateway:UntagResource": "IAM knows no such action",
    "lambda:AssociateRuntimeAlias": "IAM knows no such action",
    "sns:PutDataProtectionPolicy": "data protection", "logs:PutDataProtectionPolicy": "data protection",
}
# sam and CloudFormation themselves, the stage that is invoked, and what AWS's schemas do not list.
ADDED = {
    "cloudformation:CreateChangeSet", "cloudformation:DescribeChangeSet", "cloudformation:ExecuteChangeSet",
    "cloudformation:DeleteChangeSet", "cloudformation:DescribeStackEvents", "cloudformation:DescribeStackResource",
    "cloudformation:DescribeStackResources", "cloudformation:GetTemplateSummary", "cloudformation:ListStackResources",
    "s3:CreateBucket", "s3:GetBucketLocation", "s3:GetBucketPolicy", "s3:GetObject", "s3:ListBucket", "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock", "s3:PutBucketTagging", "s3:PutBucketVersioning", "s3:PutEncryptionConfiguration",
    "s3:PutObject", "iam:TagPolicy", "iam:UntagPolicy",
    "lambda:InvokeFunction", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery", "logs:ListLogDeliveries",
    "codedeploy:GetApplicationRevision", "scheduler:TagResource", "scheduler:ListTagsForResource",
}
OWN = "arn:${AWS::Partition}:%s:${AWS::Region}:${AWS::AccountId}:%s"
# Where an action can be kept to the stack's own names. All others are for lists, and for what gets its name from AWS.
OWN_NAMES = {
    "apigateway": ["arn:${AWS::Partition}:apigateway:${AWS::Region}::/*"],
    "budgets": ["arn:${AWS::Partition}:budgets::${AWS::AccountId}:budget/${Stack}-*"],
    "logs": [OWN % ("logs", "log-group:${Stack}-*"), OWN % ("logs", "log-group:/aws/vendedlogs/${Stack}/*")],
    "cloudformation": [OWN % ("cloudformation", "stack/${Stack}/*"), OWN % ("cloudformation", "stack/${Stack}-Alarms-*"),
                       OWN % ("cloudformation", "stack/${Stack}-Dashboard-*"),
                       OWN % ("cloudformation", "stack/aws-sam-cli-managed-default/*"),
                       "arn:${AWS::Partition}:cloudformation:${AWS::Region}:aws:transform/Serverless-2016-10-31"],
    "cloudwatch": [OWN % ("cloudwatch", "alarm:${Stack}-*"), "arn:${AWS::Partition}:cloudwatch::${AWS::AccountId}:dashboard/${Stack}"],
    "codedeploy": [OWN % ("codedeploy", "application:${Stack}-*"), OWN % ("codedeploy", "deploymentgroup:${Stack}-*/*"),
                   OWN % ("codedeploy", "deploymentconfig:*")],
    "dynamodb": [OWN % ("dynamodb", "table/${Stack}-*")],
    "iam": ["arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${Stack}-*", "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/${Stack}-*"],
    "lambda": [OWN % ("lambda", "function:${Stack}-*"), OWN % ("lambda", "event-source-mapping:*")],
    "s3": ["arn:${AWS::Partition}:s3:::aws-sam-cli-managed-default-*"],
    "scheduler": [OWN % ("scheduler", "schedule/default/${Stack}-*")],
    "secretsmanager": [OWN % ("secretsmanager", "secret:${Stack}/*")],
    "sns": [OWN % ("sns", "${Stack}-Alarms-*")],
    "sqs": [OWN % ("sqs", "${Stack}-*")],
}
ANYWHERE = re.compile(
    r"\w+:List\w+|\w+:Describe\w+|kms:.*|logs:\w*(LogDelivery|ResourcePolicy)|\w+:\w*EventSourceMapping"
    r"|secretsmanager:GetRandomPassword|cloudformation:GetTemplateSummary|iam:CreateServiceLinkedRole|sns:Unsubscribe|lambda:GetCodeSigningConfig|lambda:GetLayerVersion"
)


def types():
    templates = [deployed(), read("infra/alarms.yaml"), read("infra/dashboard.yaml")]
    return {resource["Type"] for template in templates for resource in template["Resources"].values()}


@functools.cache
def listed_by_aws():
    """The actions for each type, as AWS lists them."""
    folder = importlib.resources.files("cfnlint").joinpath("data/schemas/resources")
    found = {}
    for file in folder.iterdir():
        if file.name.endswith(".json"):
            schema = json.loads(file.read_text(encoding="utf-8"))
            handlers = schema.get("handlers", {}).values()
            actions = {action for handler in handlers for action in handler.get("permissions", [])}
            found.setdefault(schema.get("typeName"), set()).update(actions)
    return found


def needed():
    """Every action that deploying, changing and deleting the stack takes."""
    known = listed_by_aws()
    missing = sorted(kind for kind in types() if not known.get(kind))
    assert not missing, f"AWS lists no actions for {missing}"
    actions = set().union(*(known[kind] for kind in types()))
    return {action for action in actions if not action.startswith(tuple(LEFT_OUT))} | ADDED


def statements():
    """A statement for each service and kind of resource, in an order that does not change."""
    groups = {}
    for action in sorted(needed()):
        service = action.split(":")[0]
        own = service in OWN_NAMES and not ANYWHERE.fullmatch(action)
        groups.setdefault((not own, service if own else "any"), []).append(action)
    for (anywhere, service), actions in sorted(groups.items()):
        yield actions, ["*"] if anywhere else OWN_NAMES[service]


def policies():
    """The statements, cut where a managed policy would get longer than IAM takes (6,144 characters)."""
    parts, size = [[]], 0
    for actions, resources in statements():
        for start in range(0, len(actions), 60):
            piece = actions[start : start + 60]
            length = len(json.dumps([piece, resources])) + 100
            if parts[-1] and size + length > 4500:
                parts, size = [*parts, []], 0
            parts[-1].append((piece, resources))
            size += length
    return parts


HEAD = """\
# Made by tests/template/deployer.py from the types of resources that the templates have: change it there.
AWSTemplateFormatVersion: "2010-09-09"
Description: The role with which GitHub's workflow deploys Buzón. Deployed once for each stage, by somebody who may make roles.

Parameters:
  Stack:
    Type: String
    Default: buzon
    Description: The stack that may be deployed, as samconfig.toml names it.
  Repository:
    Type: String
    Description: The repository on GitHub, as OWNER/NAME.
  Environment:
    Type: String
    Description: The environment on GitHub, which has to admit tags "v*" only.
  Provider:
    Type: String
    Default: ""
    Description: The ARN of the account's provider token.actions.githubusercontent.com; empty to make it.

Conditions:
  HasNoProvider: !Equals [!Ref Provider, ""]

Resources:
  GitHub:
    Type: AWS::IAM::OIDCProvider
    Condition: HasNoProvider
    Properties:
      Url: https://token.actions.githubusercontent.com
      ClientIdList: [sts.amazonaws.com]

  Role:
    Type: AWS::IAM::Role
    Properties:
      Description: Deploys a stack from GitHub.
      MaxSessionDuration: 3600
      ManagedPolicyArns: [%s]
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Action: sts:AssumeRoleWithWebIdentity
            Principal:
              Federated: !If [HasNoProvider, !Ref GitHub, !Ref Provider]
            Condition:
              StringEquals:
                token.actions.githubusercontent.com:aud: sts.amazonaws.com
                token.actions.githubusercontent.com:sub: !Sub repo:${Repository}:environment:${Environment}
"""

ACCEPTED = """\
    Metadata:
      checkov:
        skip:
          - id: CKV_AWS_109
            comment: A key, and the policy of log deliveries, get their names only when they are made.
          - id: CKV_AWS_111
            comment: As above. Whatever has a name of the stack's own is kept to it.
"""

TAIL = """
Outputs:
  RoleArn:
    Description: The environment's variable AWS_ROLE_ARN.
    Value: !GetAtt Role.Arn
"""


def template():
    parts = policies()
    lines = [HEAD % ", ".join(f"!Ref Deploying{number}" for number in range(1, len(parts) + 1))]
    for number, part in enumerate(parts, start=1):
        lines.append(f"\n  Deploying{number}:\n    Type: AWS::IAM::ManagedPolicy\n")
        if ["*"] in (resources for _, resources in part):
            lines.append(ACCEPTED)
        lines.append("    Properties:\n      PolicyDocument:")
        lines.append('\n        Version: "2012-10-17"\n        Statement:\n')
        for actions, resources in part:
            lines.append("          - Effect: Allow\n            Action:\n")
            lines += [f"              - {action}\n" for action in actions]
            lines.append("            Resource:\n")
            lines += [f'              - {"!Sub " if "$" in name else ""}{name if "$" in name else json.dumps(name)}\n' for name in resources]
    return "".join(lines) + TAIL


if __name__ == "__main__":
    sys.stdout.write(template())
