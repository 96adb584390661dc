"""Renders a gateway's end of its links as configuration for real programs: on-premises gateways and instances alike."""

from .gateway import GatewaySecrets, WireguardPeer, gateway_files
from .instance import InstanceSurroundings, instance_files, user_data
from .vpn import TunnelSecrets

__all__ = [
    "GatewaySecrets",
    "InstanceSurroundings",
    "TunnelSecrets",
    "WireguardPeer",
    "gateway_files",
    "instance_files",
    "user_data",
]
