"""A gateway instance and the alarms on it."""

import pulumi
import pulumi_aws as aws

from hybridge.devices import configure
from hybridge.planning import limits
from hybridge.planning.tags import gateway_tags

from .wireguard_gateway import CloudGateway

_IMAGE_ARCHITECTURES = {"amd64": "x86_64", "arm64": "arm64"}
"""AWS's word for each of Debian's architectures."""
_CHECKS = {"System": ("recover", 2), "Instance": ("reboot", 3)}
"""What EC2 does where a status check fails, and after how many minutes.

Two apart, as AWS advises, so that both do not act at once
(https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/UsingAlarmActions.html).
"""
_MINUTE = 60
_SILENCE = 5
"""Minutes for which a session is down, or an instance tells nothing, before somebody is told."""


def gateway_instance(
    gateway: CloudGateway,
    interface: pulumi.Input[str],
    profile: pulumi.Input[str],
    user_data: pulumi.Input[str],
    after: pulumi.Resource,
) -> aws.ec2.Instance:
    """Declare an instance of Debian's newest image.

    :param gateway: what it is
    :param interface: identifier of its network interface
    :param profile: name of its instance profile
    :param user_data: what it is started with
    :param after: what has to be there before
    """
    # A newer image or start is no reason to replace a gateway that runs, and a change of its user data in place would
    # stop it. Both are taken up where its name is in `allow_replacement`.
    newer = ["ami", "userData"] if gateway.protect else []
    settled = pulumi.ResourceOptions(
        # Its interface says that it passes on what is not its own. The provider takes the instance's silence for `true`
        # all the same, and would put the check back on that interface in the next update of all
        # (https://github.com/hashicorp/terraform-provider-aws/issues/44768, open on 2026-11-25). It refuses to be told
        # otherwise here, where an interface is given.
        ignore_changes=["sourceDestCheck", *newer],
        # The old one and the new one have the same network interface.
        delete_before_replace=True,
    )
    return aws.ec2.Instance(
        gateway.name,
        ami=_image(gateway),
        instance_type=gateway.plan.instance_type,
        iam_instance_profile=profile,
        primary_network_interface={"network_interface_id": interface},
        user_data=user_data,
        user_data_replace_on_change=True,
        metadata_options={"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1},
        root_block_device={"encrypted": True, "volume_type": "gp3"},
        # A slip of the hand in AWS's console does not end it; the engine's own protection is `protect`.
        disable_api_termination=True,
        force_destroy=True,
        tags=gateway_tags(
            gateway.name, link=gateway.plan.name, gateway=gateway.name, single_gateway=gateway.plan.single_gateway
        ),
        opts=pulumi.ResourceOptions.merge(gateway.opts(lasting=True, after=[after]), settled),
    )


def _image(gateway: CloudGateway) -> pulumi.Output[str]:
    architecture = gateway.plan.architecture.value
    (owner,), (pattern,) = limits.words("debian.aws.owner"), limits.words("debian.aws.image-name")
    return aws.ec2.get_ami_output(
        most_recent=True,
        owners=[owner],
        filters=[
            {"name": "name", "values": [pattern.replace("*", architecture, 1)]},
            {"name": "architecture", "values": [_IMAGE_ARCHITECTURES[architecture]]},
        ],
        opts=gateway.asking,
    ).id


def alarms(gateway: CloudGateway, instance: aws.ec2.Instance, topic: pulumi.Input[str] | None) -> None:
    """Declare the alarms on an instance: on its status checks, and on the BGP sessions that it reports.

    Where a status check fails, EC2 recovers or reboots it. Sessions are those through its tunnels and with the route
    server; an instance that reports nothing any more is as bad as one without sessions.
    """
    told = [] if topic is None else [topic]
    for check, (action, minutes) in _CHECKS.items():
        name = f"{gateway.name}-{check.lower()}"
        aws.cloudwatch.MetricAlarm(
            name,
            alarm_description=f"{gateway.name} fails EC2's {check.lower()} status check; EC2 tries to {action} it.",
            namespace="AWS/EC2",
            metric_name=f"StatusCheckFailed_{check}",
            dimensions={"InstanceId": instance.id},
            statistic="Maximum",
            period=_MINUTE,
            evaluation_periods=minutes,
            comparison_operator="GreaterThanThreshold",
            threshold=0,
            alarm_actions=[f"arn:aws:automate:{gateway.plan.region}:ec2:{action}", *told],
            ok_actions=told or None,
            tags={"Name": name},
            opts=gateway.opts(),
        )
    name = f"{gateway.name}-sessions"
    aws.cloudwatch.MetricAlarm(
        name,
        alarm_description=f"A BGP session of {gateway.name} is down, or it reports nothing.",
        namespace=configure.NAMESPACE,
        metric_name=configure.METRIC,
        dimensions={"InstanceId": instance.id},
        statistic="Maximum",
        period=_MINUTE,
        evaluation_periods=_SILENCE,
        comparison_operator="GreaterThanThreshold",
        threshold=0,
        treat_missing_data="breaching",
        alarm_actions=told or None,
        ok_actions=told or None,
        tags={"Name": name},
        opts=gateway.opts(),
    )
