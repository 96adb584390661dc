"""Text that may stand in the tags of AWS's resources."""

from __future__ import annotations

import re
from typing import Final

TAGGABLE: Final = r"\w .:/=+@-"
"""Characters that every AWS service takes in a tag, for a regular expression: letters, digits, space and `_.:/=+-@`.

https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-ecs-service-tag.html, 2026 (copy)
"""
_UNSAYABLE: Final = "stated in the stack file"


def tag_value(text: str) -> str:
    """Return `text` as the value of a tag: whatever a tag may not hold becomes a space."""
    said = " ".join(re.sub(f"[^{TAGGABLE}]+", " ", text).split())
    return said or (_UNSAYABLE if text else "")


def gateway_tags(name: str, *, link: str, gateway: str, single_gateway: str) -> dict[str, str]:
    """Return the tags of a resource that stands for a gateway of a link, by which policies know it.

    :param name: the resource's name
    :param link: the link
    :param gateway: the gateway
    :param single_gateway: why one gateway at an end is accepted; empty: it is not
    """
    tags = {"Name": name, "hybridge:link": link, "hybridge:gateway": gateway}
    return {**tags, "hybridge:single-gateway": tag_value(single_gateway)} if single_gateway else tags
