"""A site-to-site VPN link, as its two halves: the keys, which the datacentre owns, and AWS's connections.

Both halves are made from one plan, so they cannot disagree.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_random as random

from hybridge.planning import SiteToSiteVpnPlan, Tunnel

_KEY_CHARACTERS: Final = 48
"""Random characters of a key: 62^48 is beyond 2^285."""


@dataclass
class OnpremSiteToSiteVpnArgs:
    """What the datacentre's half of the link is made of."""

    plan: SiteToSiteVpnPlan
    """The link."""
    given_keys: dict[str, pulumi.Input[str]] | None = None
    """The key of each tunnel whose other end dictates it, by the tunnel's name."""


class OnpremSiteToSiteVpn(pulumi.ComponentResource):
    """The datacentre's half: a pre-shared key for each tunnel, given or from the provider `random`.

    A key that is made here is random text kept in the state as a secret, another one for each generation. AWS takes 8
    to 64 letters, digits, `.` and `_`, the first not `0` (https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html),
    hence the letter in front.
    """

    preshared_keys: pulumi.Output[dict[str, str]]
    """The key of each tunnel, by the tunnel's name; secret."""

    def __init__(self, name: str, args: OnpremSiteToSiteVpnArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hybridge:index:OnpremSiteToSiteVpn", name, {}, opts)
        given = args.given_keys or {}
        # One by one as well, for whoever declares the other half too: taking an output apart costs several more.
        self.tunnel_keys = {tunnel.name: pulumi.Output.secret(self._key(tunnel, given)) for tunnel in args.plan.tunnels}
        self.preshared_keys = pulumi.Output.all(**self.tunnel_keys)
        self.register_outputs({"preshared_keys": self.preshared_keys})

    def _key(self, tunnel: Tunnel, given: Mapping[str, pulumi.Input[str]]) -> pulumi.Input[str]:
        if not tunnel.preshared_key_secret:
            return self._password(tunnel).result.apply("k{}".format)
        if tunnel.name not in given:
            raise ValueError(f"The key of {tunnel.name} is to be the secret {tunnel.preshared_key_secret}: give it.")
        return given[tunnel.name]

    def _password(self, tunnel: Tunnel) -> random.RandomPassword:
        return random.RandomPassword(
            tunnel.name,
            length=_KEY_CHARACTERS,
            special=False,
            keepers={"generation": str(tunnel.key_generation)} if tunnel.key_generation > 1 else None,
            opts=pulumi.ResourceOptions(parent=self),
        )
