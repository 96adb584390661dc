"""Who is told when something of an AWS site is down."""

import pulumi
import pulumi_aws as aws

from hybridge.planning import AwsSitePlan


def alarm_topic(plan: AwsSitePlan, parent: pulumi.Resource) -> pulumi.Output[str] | None:
    """Return the ARN of the topic that alarms go to: the given one, one of the site's own, or None.

    Each address of a topic of the site's own gets a mail, and hears of nothing until it has confirmed it.

    The topic is not encrypted at rest: with AWS's own key for SNS no alarm could reach it, as that key's policy admits
    CloudWatch to nothing and cannot be changed
    (https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns). Whoever needs encryption gives a topic with a
    key that does.
    """
    if plan.alarm_topic:
        return pulumi.Output.from_input(plan.alarm_topic)
    if not plan.alarm_emails:
        return None
    opts = pulumi.ResourceOptions(parent=parent)
    topic = aws.sns.Topic(plan.name, tags={"Name": plan.name}, opts=opts)
    # Alarms of this account and no other may publish, and nobody else: AWS's default admits everybody of the account.
    publishing = {
        "Sid": "AlarmsOfThisAccount",
        "Effect": "Allow",
        "Principal": {"Service": "cloudwatch.amazonaws.com"},
        "Action": "sns:Publish",
        "Resource": topic.arn,
        "Condition": {"StringEquals": {"aws:SourceAccount": topic.owner}},
    }
    policy = aws.sns.TopicPolicy(
        plan.name,
        arn=topic.arn,
        policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [publishing]}),
        opts=opts,
    )
    for email in plan.alarm_emails:
        aws.sns.TopicSubscription(f"{plan.name}-{email}", topic=topic.arn, protocol="email", endpoint=email, opts=opts)
    # What alarms go to is the topic once they may publish.
    return policy.arn
