"""One gateway instance of a WireGuard link, as the modules that make its parts speak of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from hybridge.planning.wireguard_model import WireguardInstance, WireguardPlan


@dataclass(frozen=True)
class CloudGateway:
    """A gateway instance, and how its resources are declared."""

    plan: WireguardPlan
    """The link."""
    instance: WireguardInstance
    parent: pulumi.Resource
    protect: bool
    """Whether what peers have configured of it stays protected."""

    @property
    def name(self) -> str:
        """Its name, and that of every resource there is one of."""
        return self.instance.name

    @property
    def asking(self) -> pulumi.InvokeOutputOptions:
        """Options of a question to the cloud."""
        return pulumi.InvokeOutputOptions(parent=self.parent)

    def opts(self, *, lasting: bool = False, after: Sequence[pulumi.Resource] = ()) -> pulumi.ResourceOptions:
        """Return the options of a resource.

        :param lasting: whether peers have it configured
        :param after: what has to be there before
        """
        return pulumi.ResourceOptions(
            parent=self.parent, protect=self.protect if lasting else None, depends_on=list(after) or None
        )
