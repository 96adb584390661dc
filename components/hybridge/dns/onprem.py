"""A datacentre's half of conditional forwarding: its resolvers' configuration, for Unbound."""

from dataclasses import dataclass
from typing import Final

import pulumi

from hybridge.devices.rendering import render
from hybridge.planning.dns_model import OnpremDnsPlan

_FILE: Final = "unbound.conf"


@dataclass
class OnpremDnsForwardingArgs:
    """What a datacentre's resolvers are configured from."""

    plan: OnpremDnsPlan
    """Domains, where they are answered, and who may ask."""


class OnpremDnsForwarding(pulumi.ComponentResource):
    """The forwarding of a datacentre's resolvers, as a file that Unbound includes.

    It creates nothing; a person carries the file to every resolver of the site. It holds no secret.
    """

    devices: pulumi.Output[dict[str, dict[str, str]]]
    """Text by file name by the name that the resolvers go by."""

    def __init__(self, name: str, args: OnpremDnsForwardingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hybridge:index:OnpremDnsForwarding", name, {}, opts)
        self.devices = pulumi.Output.from_input({args.plan.device: resolver_files(args.plan)})
        self.register_outputs({"devices": self.devices})


def resolver_files(plan: OnpremDnsPlan) -> dict[str, str]:
    """Render the configuration of a site's resolvers.

    :returns: text by file name
    """
    return {_FILE: render(_FILE, plan=plan)}
