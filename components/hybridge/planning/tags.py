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
