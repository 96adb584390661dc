"""The files of one gateway instance in the cloud, and what it is started with.

An instance keeps itself as its secret says, so a change of the link reaches it within a minute and restarts nothing
but the tunnels that changed. What it is started with (its user data) names the secret and never holds a key.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from ipaddress import IPv4Network

import yaml

from hybridge.planning.wireguard_model import WireguardInstance, WireguardPlan

from .bgp import TUNNEL_HOPS, Bfd, Filter, Session, Speaker, frr_conf
from .rendering import render
from .wireguard import WireguardEnd, wireguard_conf

_METRIC_STEP = 100
_NETWORKD = "[Network]\nManageForeignRoutes=no\nManageForeignNextHops=no\nManageForeignRoutingPolicyRules=no\n"
"""https://www.freedesktop.org/software/systemd/man/latest/networkd.conf.html"""


@dataclass(frozen=True)
class InstanceSurroundings:
    """What the plan does not know of an instance."""

    address: str
    """Its private address."""
    private_key: str
    public_keys: Mapping[str, str]
    """The public keys of the on-premises gateways, by link and gateway: `dc1-wg-edge-a`."""
    route_server: Sequence[str]
    """Addresses of the route server's endpoints in its subnet; none where it is the only instance."""


def instance_files(plan: WireguardPlan, instance: WireguardInstance, around: InstanceSurroundings) -> str:
    """Render every file of an instance, as the text of its secret; `configure.unpack` tells what it stands for.

    :param plan: the link
    :param instance: the instance
    :param around: its address and keys
    """
    key_file = f"wireguard/{plan.name}.key"
    ends = _ends(plan, instance, around, f"/etc/{key_file}")
    texts = {
        key_file: f"{around.private_key}\n",
        **{f"wireguard/{end.file_name}": wireguard_conf(end) for end in ends},
        "frr/daemons": render("frr-daemons", gateway=instance.name),
        "frr/frr.conf": frr_conf(_speaker(plan, instance, around)),
        "nftables.conf": render(
            "instance.nft",
            gateway=instance.name,
            site=plan.cloud,
            ends=ends,
            route_server=around.route_server,
            own_ranges=plan.cloud_ranges,
            far_ranges=plan.onprem_ranges,
        ),
    }
    return base64.b64encode(gzip.compress(json.dumps(texts, sort_keys=True).encode(), mtime=0)).decode()


def user_data(plan: WireguardPlan, instance: WireguardInstance, secret: str) -> str:
    """Render what an instance is started with, for cloud-init: a program that keeps it as its secret says, and a timer.

    :param plan: the link
    :param instance: the instance
    :param secret: ARN of the instance's secret
    """
    unit = "/etc/systemd/system/hybridge-configure"
    texts = {
        "/usr/local/sbin/hybridge-configure": (files("hybridge.devices") / "configure.py").read_text(encoding="utf-8"),
        f"{unit}.service": render("hybridge-configure.service", region=plan.region, secret=secret),
        f"{unit}.timer": render("hybridge-configure.timer"),
        "/etc/sysctl.d/60-hybridge.conf": render("sysctl.conf"),
        # Its network daemon would remove the routes, next hops and rules of others: FRR's.
        "/etc/systemd/networkd.conf.d/hybridge.conf": _NETWORKD,
    }
    config = {
        "write_files": [{"path": path, "content": text} for path, text in texts.items()],
        # AWS's own clock, which no security group stands before
        # (https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configure-ec2-ntp.html).
        "ntp": {"servers": ["169.254.169.123"]},
        "runcmd": [
            ["sysctl", "--quiet", "--system"],
            ["systemctl", "try-restart", "systemd-networkd"],
            ["systemctl", "daemon-reload"],
            ["systemctl", "enable", "--now", "hybridge-configure.timer"],
        ],
    }
    return f"#cloud-config\n# gateway instance {instance.name}\n{yaml.dump(config, Dumper=_Readable)}"


class _Readable(yaml.SafeDumper):
    """Writes texts of several lines as they are."""


def _text(_: _Readable, text: str) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Readable.add_representer(str, _text)


def _ends(
    plan: WireguardPlan, instance: WireguardInstance, around: InstanceSurroundings, key_file: str
) -> list[WireguardEnd]:
    gateways = {gateway.gateway: gateway for gateway in plan.gateways}
    return [
        WireguardEnd(
            gateway=f"{instance.name} at {plan.cloud}",
            name=tunnel.name,
            interface=tunnel.interface,
            port=tunnel.port,
            address=tunnel.cloud_address,
            length=IPv4Network(tunnel.inside).prefixlen,
            mtu=plan.mtu,
            mss=plan.mss,
            keepalive_seconds=plan.keepalive_seconds,
            private_key="",
            key_file=key_file,
            far_address=tunnel.device_address,
            far_public_key=around.public_keys[gateways[tunnel.gateway].name],
            far_endpoint=gateways[tunnel.gateway].public_ip,
            far_ranges=plan.onprem_ranges,
        )
        for tunnel in plan.tunnels
        if tunnel.instance == instance.name
    ]


def _speaker(plan: WireguardPlan, instance: WireguardInstance, around: InstanceSurroundings) -> Speaker:
    bfd = Bfd(plan.bfd_milliseconds, plan.bfd_multiplier)
    taken = Filter(f"from-{plan.onprem}", plan.onprem_ranges, parts=True)
    told = Filter(f"to-{plan.onprem}", plan.cloud_announced, parts=False)
    tunnels = [
        Session(
            address=tunnel.device_address,
            asn=plan.device_asn,
            name=tunnel.name,
            source=tunnel.cloud_address,
            taken=taken,
            told=told,
            prefix_limit=plan.prefix_limit,
            keepalive_seconds=plan.bgp_keepalive_seconds,
            hold_seconds=plan.bgp_hold_seconds,
            bfd=bfd,
            opened_by="this",
            hops=TUNNEL_HOPS,
        )
        for tunnel in plan.tunnels
        if tunnel.instance == instance.name
    ]
    # A route server tells nothing, and of several ways takes the one with the lowest MED, all of whose traffic then
    # comes to this instance (https://docs.aws.amazon.com/vpc/latest/userguide/route-server-how-it-works.html).
    # No site's filter is called like these, whose names begin with `from-` or `to-`.
    nothing = Filter("route-server-in", (), parts=False)
    learned = Filter("route-server-out", plan.onprem_ranges, parts=True, metric=instance.number * _METRIC_STEP)
    endpoints = [
        Session(
            address=address,
            asn=plan.cloud_asn,
            name=f"route server endpoint {number}",
            source=around.address,
            taken=nothing,
            told=learned,
            prefix_limit=plan.prefix_limit,
            keepalive_seconds=plan.bgp_keepalive_seconds,
            hold_seconds=plan.bgp_hold_seconds,
            bfd=bfd,
            # A route server opens none (https://docs.aws.amazon.com/vpc/latest/userguide/route-server-tutorial-create-peer.html).
            opened_by="this",
        )
        for number, address in enumerate(around.route_server, start=1)
    ]
    return Speaker(
        name=instance.name,
        site=plan.cloud,
        asn=plan.gateway_asn,
        router_id=around.address,
        originated=plan.cloud_announced,
        ended=plan.onprem_ranges,
        sessions=[*tunnels, *endpoints],
    )
