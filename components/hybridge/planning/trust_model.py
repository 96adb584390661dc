"""The root of trust and who is trusted by it, as plain values.

These are components' arguments as well, so they are what Pulumi's component analyzer accepts: dataclasses of text,
numbers, lists and text enums, whose annotations are real types (no postponed evaluation in this module).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

_HOURS_A_YEAR: Final = 8_766
"""365 days and a quarter, so that 20 years end on the day on which they began."""
_RENEWAL_SHARE: Final = 10
"""A certificate is renewed in the last tenth of its life."""


class KeyAlgorithm(StrEnum):
    """What an authority signs with."""

    RSA_4096 = "rsa-4096"
    ECDSA_P256 = "ecdsa-p256"


@dataclass(frozen=True)
class TrustPlan:
    """One root authority, and an intermediate authority for each cluster that shares a mesh."""

    organization: str
    root_name: str
    """Common name of the root."""
    algorithm: KeyAlgorithm
    """Of the root and of every intermediate."""
    root_years: int
    intermediate_years: int
    clusters: list[str]
    """The clusters that get an intermediate; it has the cluster's name as its common name."""

    @property
    def root_hours(self) -> int:
        """Life of the root certificate."""
        return self.root_years * _HOURS_A_YEAR

    @property
    def intermediate_hours(self) -> int:
        """Life of an intermediate certificate."""
        return self.intermediate_years * _HOURS_A_YEAR

    @property
    def renewal_hours(self) -> int:
        """How long before its end an intermediate certificate is renewed by the next update."""
        return self.intermediate_hours // _RENEWAL_SHARE
