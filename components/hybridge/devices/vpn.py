"""An on-premises gateway's end of a site-to-site VPN tunnel, for strongSwan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from hybridge.planning import OnpremGateway, OnpremSitePlan, SiteToSiteVpnPlan, Tunnel, VpnConnection, limits

from .rendering import render

_REKEY_SHARE: Final = 0.9
"""Part of a lifetime after which this end rekeys at the latest."""
_HEAD_START: Final = 60
"""Seconds by which this end is ahead of AWS, so that its rekeying is over before AWS's own could begin."""
_SPREAD: Final = 10
"""Tunnels rekey up to a tenth of their time earlier, at random, so that they do not all do it at once."""
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
        """Age at which this end rekeys an IKE SA at the latest."""
        return rekey_seconds(self.vpn.ike_seconds)

    @property
    def ike_rekey_spread_seconds(self) -> int:
        """How much earlier it may do so, at random."""
        return self.ike_rekey_seconds // _SPREAD

    @property
    def child_rekey_seconds(self) -> int:
        """Age at which this end rekeys a child SA at the latest."""
        return rekey_seconds(self.vpn.child_seconds)

    @property
    def child_rekey_spread_seconds(self) -> int:
        """How much earlier it may do so, at random."""
        return self.child_rekey_seconds // _SPREAD


def rekey_seconds(lifetime: int) -> int:
    """Return the age at which this end rekeys what lives for `lifetime` seconds, at the latest: ahead of AWS.

    AWS rekeys its margin before the end of a child SA, or up to the fuzz earlier: 270 to 540 s by default. It names the
    margin for child SAs alone; an IKE SA is taken to have the same. Should both ends rekey at once all the same, IKEv2
    keeps one of the two (RFC 7296, section 2.8.1).
    """
    margin = limits.number("aws.vpn.rekey-margin")
    earliest = margin + margin * limits.number("aws.vpn.rekey-fuzz") // 100
    return min(int(lifetime * _REKEY_SHARE), lifetime - earliest - _HEAD_START)


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
