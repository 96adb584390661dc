"""What AWS tells of a VPN connection: what it consists of, and which of its tunnels are up.

A rehearsal has no gateways at the other end, so its tunnels are up unless its faults say otherwise (`down:`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from rehearsal.clouds.ledger import LedgerObject
from rehearsal.clouds.values import Properties, Value

GET_VPN_CONNECTION: Final = "aws:ec2/getVpnConnection:getVpnConnection"
ARGUMENTS: Final = frozenset({"vpnConnectionId"})
_VPN_CONNECTION: Final = "aws:ec2/vpnConnection:VpnConnection"


class NoConnectionError(Exception):
    """Nobody has made such a connection."""


@dataclass(frozen=True)
class Objects:
    """What exists in the simulated clouds, and what of it is down."""

    look_up: Callable[[str], LedgerObject | None]
    down: Collection[str] = ()
    """Names of tunnels: that of their connection in the program, and their number, as in `dc1-aws-edge-a-1`."""


def get_vpn_connection(arguments: Properties, objects: Objects) -> dict[str, Value]:
    """The answer of https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpnConnection.html (2026-11-22).

    How many routes a tunnel has accepted is our invention: one where it is up.
    """
    id_ = str(arguments.get("vpnConnectionId"))
    found = objects.look_up(id_)
    if found is None or found.type != _VPN_CONNECTION:
        raise NoConnectionError(f"There is no VPN connection `{id_}` in the simulated clouds.")
    outputs = found.outputs
    name = found.urn.rpartition("::")[2]
    return {
        "category": "VPN",
        "coreNetworkArn": outputs.get("coreNetworkArn"),
        "coreNetworkAttachmentArn": outputs.get("coreNetworkAttachmentArn"),
        "customerGatewayConfiguration": outputs.get("customerGatewayConfiguration"),
        "customerGatewayId": outputs.get("customerGatewayId"),
        "gatewayAssociationState": "associated",
        "preSharedKeyArn": outputs.get("presharedKeyArn"),
        "region": outputs.get("region"),
        "routes": outputs.get("routes"),
        "state": "available",
        "tags": outputs.get("tags") or {},
        "transitGatewayId": outputs.get("transitGatewayId") or "",
        "type": outputs.get("type"),
        "vgwTelemetries": [
            _telemetry(outputs[f"tunnel{number}Address"], is_up=f"{name}-{number}" not in objects.down)
            for number in (1, 2)
        ],
        "vpnConcentratorId": "",
        "vpnConnectionId": id_,
        "vpnGatewayId": outputs.get("vpnGatewayId") or "",
    }


def _telemetry(address: Value, *, is_up: bool) -> Value:
    return {
        "acceptedRouteCount": int(is_up),
        "lastStatusChange": "2026-01-01T00:00:00Z",
        "outsideIpAddress": address,
        "status": "UP" if is_up else "DOWN",
        "statusMessage": "1 BGP ROUTES" if is_up else "IPSEC IS DOWN",
    }
