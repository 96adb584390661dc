"""A site-to-site VPN link, as its two halves: the keys, which the datacentre owns, and AWS's connections.

Both halves are made from one plan, so they cannot disagree.
"""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_random as random

from hybridge.planning import SiteToSiteVpnPlan

_KEY_CHARACTERS: Final = 48
"""Random characters of a key: 62^48 is beyond 2^285."""


@dataclass
class OnpremSiteToSiteVpnArgs:
    """What the datacentre's half of the link is made of."""

    plan: SiteToSiteVpnPlan
    """The link."""


class OnpremSiteToSiteVpn(pulumi.ComponentResource):
    """The datacentre's half: a pre-shared key for each tunnel, from the provider `random`.

    A key is random text kept in the state as a secret. AWS takes 8 to 64 letters, digits, `.` and `_`, the first not
    `0` (https://docs.aws.amazon.com/vpn/latest/s2svpn/VPNTunnels.html), hence the letter in front.
    """

    preshared_keys: pulumi.Output[dict[str, str]]
    """The key of each tunnel, by the tunnel's name; secret."""

    def __init__(self, name: str, args: OnpremSiteToSiteVpnArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hybridge:index:OnpremSiteToSiteVpn", name, {}, opts)
        keys = {tunnel.name: pulumi.Output.concat("k", self._key(tunnel.name).result) for tunnel in args.plan.tunnels}
        self.preshared_keys = pulumi.Output.secret(pulumi.Output.all(**keys))
        self.register_outputs({"preshared_keys": self.preshared_keys})

    def _key(self, tunnel: str) -> random.RandomPassword:
        return random.RandomPassword(
            tunnel, length=_KEY_CHARACTERS, special=False, opts=pulumi.ResourceOptions(parent=self)
        )
