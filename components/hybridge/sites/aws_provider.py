"""As whom, and where, the resources of an AWS site are declared."""

from typing import Final

import pulumi_aws as aws

from hybridge.planning import AwsSitePlan

_SESSION_NAME: Final = 64
"""Characters of the longest name of a session: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""


def aws_provider_args(site: AwsSitePlan, stack: str) -> aws.ProviderArgs:
    """Return the arguments of the provider of an AWS site.

    It refuses to work in another account than the site's, and tags everything with the stack and the site.

    :param site: the site
    :param stack: the stack's name
    """
    session = f"hybridge-{stack}"[:_SESSION_NAME]
    return aws.ProviderArgs(
        region=site.region,
        allowed_account_ids=[site.account] if site.account else None,
        assume_roles=[aws.ProviderAssumeRoleArgs(role_arn=site.role, session_name=session)] if site.role else None,
        default_tags=aws.ProviderDefaultTagsArgs(
            tags={**site.tags, "hybridge:stack": stack, "hybridge:site": site.name}
        ),
    )
