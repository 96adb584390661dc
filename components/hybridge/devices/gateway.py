"""The files of one on-premises gateway: WireGuard, strongSwan, FRR, interfaces and packet filters, from the plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network

from hybridge.planning import OnpremGateway, OnpremSitePlan, SiteToSiteVpnPlan, Tunnel
from hybridge.planning.wireguard_model import WireguardPlan, WireguardTunnel

from .bgp import TUNNEL_HOPS, Bfd, Filter, Session, Speaker, frr_conf
from .rendering import render
from .vpn import TunnelSecrets, VpnEnd, strongswan_files
from .wireguard import WireguardEnd, wireguard_conf


@dataclass(frozen=True)
class WireguardPeer:
    """What only the cloud and the key's owner know of a gateway instance."""

    address: str
    """Its public address."""
    public_key: str


@dataclass(frozen=True)
class GatewaySecrets:
    """What the plan does not know, for all gateways of a site."""

    tunnels: Mapping[str, TunnelSecrets]
    """Outside address and key of each site-to-site tunnel, by its name."""
    peers: Mapping[str, WireguardPeer]
    """The gateway instances of the WireGuard links, by name."""
    private_keys: Mapping[str, str]
    """WireGuard keys of the gateways that do not keep them to themselves, by link and gateway: `dc1-wg-edge-a`."""


def gateway_files(site: OnpremSitePlan, gateway: OnpremGateway, secrets: GatewaySecrets) -> dict[str, str]:
    """Render every file of a gateway.

    :param site: the gateway's site, with the links that end there
    :param gateway: the gateway
    :param secrets: addresses and keys of all its tunnels
    :returns: text by file name, none for a gateway without tunnels; `swanctl.conf` and WireGuard's files hold keys
    """
    vpn_ends, wireguard_ends = _vpn_ends(site, gateway, secrets), _wireguard_ends(site, gateway, secrets)
    tunnels = [*vpn_ends, *wireguard_ends]
    if not tunnels:
        return {}
    shown = {
        "site": site,
        "gateway": gateway,
        "vpn_ends": vpn_ends,
        "wireguard_ends": wireguard_ends,
        "others": [other.lan_address for other in _others(site, gateway)],
    }
    return {
        "frr.conf": frr_conf(_speaker(site, gateway)),
        "interfaces.sh": render("interfaces.sh", **shown),
        "nftables.conf": render("nftables.conf", tunnels=tunnels, **shown),
        "firewall.nft": render("firewall.nft", **shown),
        **strongswan_files(site, gateway, vpn_ends),
        **{end.file_name: wireguard_conf(end) for end in wireguard_ends},
    }


def _vpn_ends(site: OnpremSitePlan, gateway: OnpremGateway, secrets: GatewaySecrets) -> list[VpnEnd]:
    return [
        VpnEnd(vpn, connection, tunnel, secret.outside_address, secret.preshared_key)
        for vpn in site.vpns
        for connection in vpn.connections
        if connection.gateway == gateway.name
        for tunnel in connection.tunnels
        for secret in (secrets.tunnels[tunnel.name],)
    ]


def _wireguard_ends(site: OnpremSitePlan, gateway: OnpremGateway, secrets: GatewaySecrets) -> list[WireguardEnd]:
    return [
        WireguardEnd(
            gateway=f"{gateway.name} at {site.name}",
            name=tunnel.name,
            interface=tunnel.interface,
            port=tunnel.port,
            address=tunnel.device_address,
            length=IPv4Network(tunnel.inside).prefixlen,
            mtu=link.mtu,
            mss=link.mss,
            keepalive_seconds=link.keepalive_seconds,
            private_key=secrets.private_keys.get(f"{link.name}-{gateway.name}", ""),
            key_file=f"/etc/wireguard/{link.name}.key",
            far_address=tunnel.cloud_address,
            far_public_key=peer.public_key,
            far_endpoint=peer.address,
            far_ranges=link.cloud_ranges,
        )
        for link in site.wireguards
        for tunnel in link.tunnels
        if tunnel.gateway == gateway.name
        for peer in (secrets.peers[tunnel.instance],)
    ]


def _speaker(site: OnpremSitePlan, gateway: OnpremGateway) -> Speaker:
    links = (*site.vpns, *site.wireguards)
    # Never the halves that a WireGuard link announces: they would win against the way to the site's own core.
    own = [*site.ranges, *(network for link in links for network in _whole(link))]
    far = [network for link in links for network in link.cloud_ranges]
    return Speaker(
        name=gateway.name,
        site=site.name,
        asn=site.asn,
        router_id=gateway.public_ip,
        originated=_distinct([network for link in links for network in link.announced]),
        ended=_distinct([*own, *far]),
        sessions=[
            *(session for vpn in site.vpns for session in _vpn_sessions(vpn, gateway)),
            *(session for link in site.wireguards for session in _wireguard_sessions(link, gateway)),
            *_own_sessions(site, gateway),
        ],
    )


def _whole(link: SiteToSiteVpnPlan | WireguardPlan) -> list[str]:
    return link.onprem_ranges if isinstance(link, WireguardPlan) else link.announced


def _vpn_sessions(vpn: SiteToSiteVpnPlan, gateway: OnpremGateway) -> Iterator[Session]:
    for connection in vpn.connections:
        for tunnel in connection.tunnels if connection.gateway == gateway.name else ():
            yield _session(vpn, tunnel, vpn.cloud_asn)


def _wireguard_sessions(link: WireguardPlan, gateway: OnpremGateway) -> Iterator[Session]:
    for tunnel in link.tunnels:
        if tunnel.gateway == gateway.name:
            bfd = Bfd(link.bfd_milliseconds, link.bfd_multiplier)
            yield replace(_session(link, tunnel, link.gateway_asn), bfd=bfd, opened_by="peer", hops=TUNNEL_HOPS)


def _others(site: OnpremSitePlan, gateway: OnpremGateway) -> list[OnpremGateway]:
    """Return the gateways that stand in for this one."""
    return [other for other in site.gateways if site.handover and other.name != gateway.name]


def _own_sessions(site: OnpremSitePlan, gateway: OnpremGateway) -> Iterator[Session]:
    """Return the sessions with the site's other gateways.

    Their filters have names that no link's have, whatever the link is called.
    """
    if (plan := site.handover) is None:
        return
    for other in _others(site, gateway):
        yield Session(
            address=other.lan_address,
            asn=site.asn,
            name=f"{other.name} at {site.name}",
            source=gateway.lan_address,
            taken=Filter("told-by-gateways", plan.far_ranges, parts=True, preference=plan.preference),
            told=Filter("told-to-gateways", plan.far_ranges, parts=True),
            prefix_limit=plan.prefix_limit,
            keepalive_seconds=plan.bgp_keepalive_seconds,
            hold_seconds=plan.bgp_hold_seconds,
            bfd=Bfd(plan.bfd_milliseconds, plan.bfd_multiplier),
            same_site=True,
            opened_by="this" if IPv4Address(gateway.lan_address) < IPv4Address(other.lan_address) else "peer",
        )


def _session(link: SiteToSiteVpnPlan | WireguardPlan, tunnel: Tunnel | WireguardTunnel, asn: int) -> Session:
    taken, told = _filters(link.name, link.cloud_ranges, link.announced, link.preference)
    return Session(
        address=tunnel.cloud_address,
        asn=asn,
        name=tunnel.name,
        source=tunnel.device_address,
        taken=taken,
        told=told,
        prefix_limit=link.prefix_limit,
        keepalive_seconds=link.bgp_keepalive_seconds,
        hold_seconds=link.bgp_hold_seconds,
    )


def _filters(link: str, far: Sequence[str], own: Sequence[str], preference: int) -> tuple[Filter, Filter]:
    return (
        Filter(f"from-{link}", far, parts=True, preference=preference),
        Filter(f"to-{link}", own, parts=False),
    )


def _distinct(networks: Sequence[str]) -> list[str]:
    return sorted(set(networks), key=IPv4Network)
