"""Who hears when something fails: the alarms are there, tell a topic, and somebody confirmed to be told."""

from report import GUIDES, good, note, wrong

CONFIRM = f"{GUIDES}/deploy.md#9-alarms-and-protection"


def check(deployment):
    nested = deployment.physical("Alarms")
    if not nested:
        yield note("none, as AlarmEmail is empty", CONFIRM)
        return
    resources = deployment.resources(nested)
    found = [*subscriptions(deployment, resources["Topic"]["PhysicalResourceId"]), *alarms(deployment, resources)]
    yield from found or [good(f"every alarm is there, and {deployment.parameters['AlarmEmail']} is told")]


def subscriptions(deployment, topic):
    pages = deployment.client("sns").get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
    found = [one for page in pages for one in page["Subscriptions"]]
    again = f"aws sns subscribe --protocol email --topic-arn {topic} --notification-endpoint ADDRESS"
    if not found:
        yield wrong("nobody is told: the topic has no subscription", again)
    for one in found:
        if is_pending(deployment.client("sns"), one["SubscriptionArn"]):
            yield wrong(
                f"{one['Endpoint']} has not confirmed to be told",
                f"the link in AWS's mail *Subscription Confirmation*; it is sent again by {again}",
            )


def is_pending(client, arn):
    """AWS lists one as `PendingConfirmation` instead of its ARN; whoever knows the ARN finds it among its attributes."""
    if not arn.startswith("arn:"):
        return True
    return client.get_subscription_attributes(SubscriptionArn=arn)["Attributes"].get("PendingConfirmation") == "true"


def alarms(deployment, resources):
    expected = {one["PhysicalResourceId"] for one in resources.values() if one["ResourceType"] == "AWS::CloudWatch::Alarm"}
    pages = deployment.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{deployment.name}-")
    there = {one["AlarmName"]: one for page in pages for one in page["MetricAlarms"]}
    for name in sorted(expected - set(there)):
        yield wrong(
            f"the alarm {name} is gone",
            "delete it in CloudFormation's eyes, too, or make it again: change AlarmEmail and back, with sam deploy each time",
        )
    for name in sorted(expected & set(there)):
        alarm = there[name]
        if not alarm["ActionsEnabled"]:
            yield wrong(f"the alarm {name} is silenced", f"aws cloudwatch enable-alarm-actions --alarm-names {name}")
        elif alarm["StateValue"] == "ALARM":
            yield wrong(f"the alarm {name} is on", alarm.get("AlarmDescription", ""))
