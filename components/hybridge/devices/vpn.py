"""An on-premises gateway's end of a site-to-site VPN tunnel, for strongSwan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hybridge.planning import OnpremGateway, OnpremSitePlan, SiteToSiteVpnPlan, Tunnel, VpnConnection

from .rendering import render

_REKEY_SHARE: Final = 0.9
"""Part of a lifetime after which this end rekeys; AWS starts 270 s before the end of its child SAs by default."""
_PROBE_SHARE: Final = 3
"""A peer is probed after a third of the time in which it must be known to be dead; the rest is for retransmissions."""
_RETRANSMISSIONS: Final = 4
"""Retransmissions of a request that goes unanswered, before its peer is dead."""


@dataclass(frozen=True)
class TunnelSecrets:
    """What only the cloud and the key's owner know of a tunnel."""

    outside_address: str
    """The cloud's public address of the tunnel."""
    preshared_key: str


@dataclass(frozen=True)
class VpnEnd:
    """A gateway's end of one tunnel."""

    vpn: SiteToSiteVpnPlan
    connection: VpnConnection
    tunnel: Tunnel
    outside_address: str
    preshared_key: str

    @property
    def interface(self) -> str:
        """The gateway's network interface."""
        return self.tunnel.interface

    @property
    def mss(self) -> int:
        """Largest TCP segment inside, in bytes."""
        return self.vpn.mss

    @property
    def dpd_delay_seconds(self) -> int:
        """Silence after which the peer is probed."""
        return self.vpn.dead_peer_seconds // _PROBE_SHARE

    @property
    def ike_rekey_seconds(self) -> int:
        """Age at which this end rekeys an IKE SA."""
        return int(self.vpn.ike_seconds * _REKEY_SHARE)

    @property
    def child_rekey_seconds(self) -> int:
        """Age at which this end rekeys a child SA."""
        return int(self.vpn.child_seconds * _REKEY_SHARE)


def strongswan_files(site: OnpremSitePlan, gateway: OnpremGateway, ends: Sequence[VpnEnd]) -> dict[str, str]:
    """Render strongSwan's files of a gateway, none without ends; `swanctl.conf` holds the keys."""
    if not ends:
        return {}
    # The daemon has one setting for all its peers: the most impatient link decides.
    dead_peer_seconds = min(end.vpn.dead_peer_seconds for end in ends)
    retransmit_seconds = (dead_peer_seconds - dead_peer_seconds // _PROBE_SHARE) / (_RETRANSMISSIONS + 1)
    return {
        "strongswan.conf": render(
            "strongswan.conf",
            site=site,
            gateway=gateway,
            dead_peer_seconds=dead_peer_seconds,
            dpd_delay_seconds=dead_peer_seconds // _PROBE_SHARE,
            retransmit_tries=_RETRANSMISSIONS,
            retransmit_seconds=f"{retransmit_seconds:.1f}",
        ),
        "swanctl.conf": render("swanctl.conf", site=site, gateway=gateway, vpn_ends=ends),
    }
