"""What keeps data: tables that cannot be deleted by a slip, whose items expire, and logs that end."""

from report import GUIDES, good, note, wrong


def check(deployment):
    found = [*tables(deployment), *logs(deployment)]
    yield from found
    if not any(one.is_wrong for one in found):
        yield good("tables are protected and backed up, what shall expire expires, and logs end")


def tables(deployment):
    client = deployment.client("dynamodb")
    if is_first(deployment):
        yield wrong("the tables can be deleted", "now that it stands: DeletionProtection=true in samconfig.toml, and sam deploy")
    for logical, resource in deployment.of_type("AWS::DynamoDB::Table").items():
        name = deployment.physical(logical)
        try:
            table = client.describe_table(TableName=name)["Table"]
        except client.exceptions.ResourceNotFoundException:
            yield wrong(f"the table {name} is gone", f"{GUIDES}/runbook.md")
            continue
        if not table.get("DeletionProtectionEnabled") and not is_first(deployment):
            yield wrong(
                f"the table {name} can be deleted",
                f"aws dynamodb update-table --table-name {name} --deletion-protection-enabled",
            )
        expires = resource["Properties"].get("TimeToLiveSpecification")
        if expires and not expiring(client, name):
            attribute = expires["AttributeName"]
            yield wrong(
                f"nothing expires in the table {name}",
                f"aws dynamodb update-time-to-live --table-name {name} --time-to-live-specification Enabled=true,AttributeName={attribute}",
            )
        if not backed_up(client, name):
            yield wrong(
                f"the table {name} has no point-in-time recovery",
                f"aws dynamodb update-continuous-backups --table-name {name} --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true",
            )


def is_first(deployment):
    """Whether the tables are as the first deployment makes them."""
    return deployment.parameters["DeletionProtection"] == "false"


def expiring(client, name):
    return client.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"] in ("ENABLED", "ENABLING")


def backed_up(client, name):
    described = client.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    return described.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") == "ENABLED"


def logs(deployment):
    client = deployment.client("logs")
    for logical in deployment.of_type("AWS::Logs::LogGroup"):
        name = deployment.physical(logical)
        groups = client.describe_log_groups(logGroupNamePrefix=name)["logGroups"] if name else []
        group = next((one for one in groups if one["logGroupName"] == name), None)
        if not group:
            yield wrong(
                f"the log group {name or logical} is gone",
                "sam deploy does not make it again: delete the stack's drift, or create it by its name",
            )
        elif "retentionInDays" not in group:
            yield note(
                f"the log group {name} never ends",
                f"aws logs put-retention-policy --log-group-name {name} --retention-in-days 30",
            )
