"""What the simulated AWS tells of a VPN connection: both tunnels are up, unless the day's faults say otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from rehearsal.clouds import sdk
from rehearsal.clouds.faults import Outage
from rehearsal.clouds.ledger import Ledger
from rehearsal.clouds.performing import CloudError
from rehearsal.clouds.simulator import Answer, Simulator
from rehearsal.clouds.vpn_state import GET_VPN_CONNECTION

CONNECTION = "aws:ec2/vpnConnection:VpnConnection"


def made(clouds: Simulator) -> Answer:
    inputs: dict[str, Any] = {"type": "ipsec.1", "customerGatewayId": "cgw-1", "transitGatewayId": "tgw-1"}
    return clouds.create(CONNECTION, f"urn:pulumi:dev::estate::{CONNECTION}::dc1-aws-edge-a", inputs)


def simulator(*down: str) -> Simulator:
    planned = (Outage(down=down),) if down else ()
    return Simulator(Ledger(), planned, run="test", configuration={"region": "eu-west-1"})


def answered(clouds: Simulator, id_: str) -> dict[str, Any]:
    failures, answer = clouds.invoke(GET_VPN_CONNECTION, {"vpnConnectionId": id_})
    assert failures == ()
    return answer


@pytest.mark.parametrize("down", [(), ("dc1-aws-edge-a-2",), ("dc1-aws-edge-a-1", "dc1-aws-edge-b-2")])
def test_tunnels_are_up_unless_they_are_said_to_be_down(down: tuple[str, ...]) -> None:
    clouds = simulator(*down)
    connection = made(clouds)
    states = {
        telemetry["outsideIpAddress"]: telemetry["status"]
        for telemetry in answered(clouds, connection.id)["vgwTelemetries"]
    }
    assert states == {
        connection.outputs[f"tunnel{number}Address"]: "DOWN" if f"dc1-aws-edge-a-{number}" in down else "UP"
        for number in (1, 2)
    }


def test_the_answer_is_what_the_sdk_takes() -> None:
    clouds = simulator()
    connection = made(clouds)
    answer = answered(clouds, connection.id)
    function = sdk.function(GET_VPN_CONNECTION)
    assert function is not None
    assert {name for name, known in function.results.items() if known.required} <= answer.keys()
    assert answer["transitGatewayId"] == "tgw-1"
    assert None not in answer.values()


def test_a_connection_that_nobody_made_has_no_state() -> None:
    with pytest.raises(CloudError, match="no VPN connection `vpn-1`"):
        answered(simulator(), "vpn-1")
