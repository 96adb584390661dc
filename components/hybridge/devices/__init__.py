"""Renders an on-premises gateway's end of its links as configuration for real programs."""

from .gateway import TunnelSecrets, gateway_files

__all__ = ["TunnelSecrets", "gateway_files"]
