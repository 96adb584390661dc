"""The secret that a gateway instance keeps itself by, and the identity that may read it and tell how it goes."""

from typing import Final

import pulumi
import pulumi_aws as aws

from hybridge.devices import configure

from .wireguard_gateway import CloudGateway

_RECOVERY_DAYS: Final = 30
"""How long a secret that was removed can be brought back: the longest that AWS offers."""


def gateway_secret(gateway: CloudGateway) -> aws.secretsmanager.Secret:
    """Declare the secret of an instance, encrypted with the account's own key for Secrets Manager."""
    return aws.secretsmanager.Secret(
        gateway.name,
        description=f"files of gateway instance {gateway.name}, its private key among them",
        recovery_window_in_days=_RECOVERY_DAYS,
        tags={"Name": gateway.name},
        opts=gateway.opts(),
    )


def gateway_identity(gateway: CloudGateway, secret: aws.secretsmanager.Secret) -> aws.iam.InstanceProfile:
    """Declare the identity of an instance: it may read its own secret, and tell CloudWatch in a namespace of its own.

    CloudWatch knows no narrower permission than for a namespace
    (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html).
    """
    role = aws.iam.Role(
        gateway.name,
        description=f"gateway instance {gateway.name}",
        assume_role_policy=_policy({"Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}),
        tags={"Name": gateway.name},
        opts=gateway.opts(),
    )
    policy = aws.iam.RolePolicy(
        gateway.name,
        role=role.id,
        policy=_policy(
            {"Action": "secretsmanager:GetSecretValue", "Resource": secret.arn},
            {
                "Action": "cloudwatch:PutMetricData",
                "Resource": "*",
                "Condition": {"StringEquals": {"cloudwatch:namespace": configure.NAMESPACE}},
            },
        ),
        opts=gateway.opts(),
    )
    return aws.iam.InstanceProfile(
        gateway.name,
        role=role.name,
        tags={"Name": gateway.name},
        # An instance that has the profile may read its secret at once.
        opts=gateway.opts(after=[policy]),
    )


def _policy(*statements: dict[str, object]) -> pulumi.Output[str]:
    allowed = [{"Effect": "Allow", **statement} for statement in statements]
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": allowed})
