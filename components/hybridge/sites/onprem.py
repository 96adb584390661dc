"""An on-premises site: nothing in any cloud, but the configuration of its gateways."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from hybridge.devices import GatewaySecrets, TunnelSecrets, WireguardPeer, gateway_files
from hybridge.planning import OnpremSitePlan


@dataclass
class OnpremSiteArgs:
    """What the gateways of an on-premises site are configured from."""

    plan: OnpremSitePlan
    """Gateways, ranges, autonomous system and links."""
    outside_addresses: dict[str, pulumi.Input[str]]
    """The cloud's public address of each site-to-site tunnel, by the tunnel's name."""
    preshared_keys: dict[str, pulumi.Input[str]]
    """The key of each site-to-site tunnel, by the tunnel's name."""
    instance_addresses: dict[str, pulumi.Input[str]] | None = None
    """The public address of each gateway instance of the WireGuard links, by its name."""
    public_keys: dict[str, pulumi.Input[str]] | None = None
    """The public key of each gateway instance, by its name."""
    private_keys: dict[str, pulumi.Input[str]] | None = None
    """The private key of each gateway that does not keep it to itself, by its name in the link: `dc1-wg-edge-a`."""


class OnpremSite(pulumi.ComponentResource):
    """A datacentre's end of its links, as files for each gateway: WireGuard, strongSwan, FRR, interfaces and filters.

    It creates nothing; a person carries the files to the gateways. They hold keys, so the output is a secret.
    """

    devices: pulumi.Output[dict[str, dict[str, str]]]
    """Text by file name by gateway; secret."""

    def __init__(self, name: str, args: OnpremSiteArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hybridge:index:OnpremSite", name, {}, opts)
        plan = args.plan

        def render(values: Mapping[str, dict[str, str]]) -> dict[str, dict[str, str]]:
            secrets = GatewaySecrets(
                tunnels={
                    tunnel: TunnelSecrets(address, values["preshared_keys"][tunnel])
                    for tunnel, address in values["outside_addresses"].items()
                },
                peers={
                    instance: WireguardPeer(address, values["public_keys"][instance])
                    for instance, address in values["instance_addresses"].items()
                },
                private_keys=values["private_keys"],
            )
            texts = {gateway.name: gateway_files(plan, gateway, secrets) for gateway in plan.gateways}
            return {gateway: files for gateway, files in texts.items() if files}

        known = pulumi.Output.all(
            outside_addresses=args.outside_addresses,
            preshared_keys=args.preshared_keys,
            instance_addresses=args.instance_addresses or {},
            public_keys=args.public_keys or {},
            private_keys=args.private_keys or {},
        )
        self.devices = pulumi.Output.secret(known.apply(render))
        self.register_outputs({"devices": self.devices})
