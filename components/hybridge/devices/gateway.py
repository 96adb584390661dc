"""The files of one on-premises gateway: strongSwan, FRR, its interfaces and its MSS clamp, from the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from hybridge.planning import OnpremGateway, OnpremSitePlan, SiteToSiteVpnPlan, Tunnel, VpnConnection

_FILES: Final = ("frr.conf", "interfaces.sh", "nftables.conf", "strongswan.conf", "swanctl.conf")
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
class _End:
    """A gateway's end of one tunnel."""

    vpn: SiteToSiteVpnPlan
    connection: VpnConnection
    tunnel: Tunnel
    outside_address: str
    preshared_key: str

    @property
    def dpd_delay_seconds(self) -> int:
        return self.vpn.dead_peer_seconds // _PROBE_SHARE

    @property
    def ike_rekey_seconds(self) -> int:
        return int(self.vpn.ike_seconds * _REKEY_SHARE)

    @property
    def child_rekey_seconds(self) -> int:
        return int(self.vpn.child_seconds * _REKEY_SHARE)


def gateway_files(site: OnpremSitePlan, gateway: OnpremGateway, secrets: Mapping[str, TunnelSecrets]) -> dict[str, str]:
    """Render every file of a gateway.

    :param site: the gateway's site, with the links that end there
    :param gateway: the gateway
    :param secrets: outside address and key by tunnel name, for each of the gateway's tunnels
    :returns: text by file name, none for a gateway without tunnels; `swanctl.conf` holds the keys
    """
    ends = [
        _End(vpn, connection, tunnel, secrets[tunnel.name].outside_address, secrets[tunnel.name].preshared_key)
        for vpn in site.vpns
        for connection in vpn.connections
        if connection.gateway == gateway.name
        for tunnel in connection.tunnels
    ]
    if not ends:
        return {}
    # The daemon has one setting for all its peers: the most impatient link decides.
    dead_peer_seconds = min(end.vpn.dead_peer_seconds for end in ends)
    retransmit_seconds = (dead_peer_seconds - dead_peer_seconds // _PROBE_SHARE) / (_RETRANSMISSIONS + 1)
    cloud_ranges = sorted({network for end in ends for network in end.vpn.cloud_ranges})
    environment = Environment(
        loader=PackageLoader("hybridge.devices"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # noqa: S701 - device syntax, not HTML; every value was checked in topology/
    )
    return {
        name: environment.get_template(f"{name}.j2").render(
            site=site,
            gateway=gateway,
            ends=ends,
            cloud_ranges=cloud_ranges,
            dead_peer_seconds=dead_peer_seconds,
            dpd_delay_seconds=dead_peer_seconds // _PROBE_SHARE,
            retransmit_tries=_RETRANSMISSIONS,
            retransmit_seconds=f"{retransmit_seconds:.1f}",
        )
        for name in _FILES
    }
