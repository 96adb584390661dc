"""The components are a Pulumi package: their arguments are what the component provider's analyzer accepts."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.provider.experimental.analyzer import Analyzer

from hybridge.package import COMPONENTS


@pytest.fixture
def analyzed() -> Any:
    return Analyzer("hybridge").analyze(COMPONENTS)


def test_every_component_is_described(analyzed: Any) -> None:
    assert set(analyzed["component_definitions"]) == {component.__name__ for component in COMPONENTS}
    for component in analyzed["component_definitions"].values():
        assert component.description


def test_what_planning_decides_is_plain_and_identifiers_are_inputs(analyzed: Any) -> None:
    inputs = analyzed["component_definitions"]["AwsSiteToSiteVpn"].inputs
    assert inputs["plan"].plain is True
    assert inputs["transitGatewayId"].plain is None


def test_outputs_are_declared(analyzed: Any) -> None:
    outputs = {name: set(found.outputs) for name, found in analyzed["component_definitions"].items()}
    assert outputs == {
        "AwsDnsForwarding": {"inboundEndpointId", "outboundEndpointId"},
        "AwsSite": {
            "alarmTopicArn",
            "gatewayRouteTableId",
            "gatewaySubnetIds",
            "hubId",
            "resolverSubnetIds",
            "routeTableIds",
            "transitGatewayId",
            "vpcId",
            "vpnGatewayId",
        },
        "AwsSiteToSiteVpn": {"outsideAddresses"},
        "AwsWireguard": {"addresses"},
        "ClusterAuthority": {"cacerts", "ends"},
        "OnpremDnsForwarding": {"devices"},
        "OnpremSite": {"devices"},
        "OnpremSiteToSiteVpn": {"presharedKeys"},
        "OnpremWireguard": {"privateKeys", "publicKeys"},
        "RootAuthority": {"certificate", "ends", "privateKey"},
        "VpcRouteServer": {"endpointAddresses", "endpointIds"},
    }
