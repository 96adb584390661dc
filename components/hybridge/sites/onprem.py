"""An on-premises site: nothing in any cloud, but the configuration of its gateways."""

from dataclasses import dataclass

import pulumi

from hybridge.devices import TunnelSecrets, gateway_files
from hybridge.planning import OnpremSitePlan


@dataclass
class OnpremSiteArgs:
    """What the gateways of an on-premises site are configured from."""

    plan: OnpremSitePlan
    """Gateways, ranges, autonomous system and links."""
    outside_addresses: dict[str, pulumi.Input[str]]
    """The cloud's public address of each tunnel, by the tunnel's name."""
    preshared_keys: dict[str, pulumi.Input[str]]
    """The key of each tunnel, by the tunnel's name."""


class OnpremSite(pulumi.ComponentResource):
    """A datacentre's end of its links, as files for each gateway: strongSwan, FRR, interfaces and MSS clamp.

    It creates nothing; a person carries the files to the gateways. They hold the tunnels' keys, so the output is a
    secret.
    """

    devices: pulumi.Output[dict[str, dict[str, str]]]
    """Text by file name by gateway; secret."""

    def __init__(self, name: str, args: OnpremSiteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hybridge:index:OnpremSite", name, {}, opts)
        plan = args.plan

        def render(values: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
            secrets = {
                tunnel: TunnelSecrets(address, values["keys"][tunnel])
                for tunnel, address in values["addresses"].items()
            }
            texts = {gateway.name: gateway_files(plan, gateway, secrets) for gateway in plan.gateways}
            return {gateway: files for gateway, files in texts.items() if files}

        known = pulumi.Output.all(addresses=args.outside_addresses, keys=args.preshared_keys)
        self.devices = pulumi.Output.secret(known.apply(render))
        self.register_outputs({"devices": self.devices})
