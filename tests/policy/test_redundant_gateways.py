"""A link hangs on two gateways, or somebody stated why one will do."""

from __future__ import annotations

from typing import Any

import pytest
from redundant_gateways import redundant_gateways

from tests.policy.conftest import UNKNOWN, Stack, secret

CUSTOMER = "aws:ec2/customerGateway:CustomerGateway"
CONNECTION = "aws:ec2/vpnConnection:VpnConnection"
RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
INSTANCE = "aws:ec2/instance:Instance"


def tags(link: Any, gateway: Any = None, reason: Any = None) -> dict[str, Any]:
    named = {"hybridge:link": link, "hybridge:gateway": gateway, "hybridge:single-gateway": reason}
    return {"tags": {key: value for key, value in named.items() if value is not None}}


def vpn(stack: Stack, link: Any, gateway: str, **more: Any) -> None:
    stack.add(CUSTOMER, gateway, tags(link, gateway, **more))
    stack.add(CONNECTION, gateway, tags(link, gateway, **more))


def test_two_gateways_are_enough(stack: Stack) -> None:
    vpn(stack, "dc1-aws", "edge-a")
    vpn(stack, "dc1-aws", "edge-b")
    stack.add(INSTANCE, "wg-a", tags("dc2-aws", "wg-a"))
    stack.add(INSTANCE, "wg-b", tags("dc2-aws", "wg-b"))
    assert stack.judge(redundant_gateways) == {}


def test_one_gateway_is_refused_once_and_named(stack: Stack) -> None:
    vpn(stack, "dc1-aws", "edge-a")
    (sentence,) = stack.judge(redundant_gateways)["edge-a"]
    assert sentence.startswith("Link `dc1-aws` hangs on one gateway, `edge-a`, and is down whenever that is.")
    assert "`hybridge:single-gateway`" in sentence


def test_the_gateways_of_another_link_do_not_help(stack: Stack) -> None:
    vpn(stack, "dc1-aws", "edge-a")
    vpn(stack, "dc2-aws", "edge-b")
    assert set(stack.judge(redundant_gateways)) == {"edge-a", "edge-b"}


def test_a_second_tunnel_to_the_same_gateway_does_not_help(stack: Stack) -> None:
    vpn(stack, "dc1-aws", "edge-a")
    stack.add(CONNECTION, "again", tags("dc1-aws", "edge-a"))
    assert len(stack.judge(redundant_gateways)) == 1


def test_a_second_gateway_without_a_connection_does_not_help(stack: Stack) -> None:
    vpn(stack, "dc1-aws", "edge-a")
    stack.add(CUSTOMER, "edge-b", tags("dc1-aws", "edge-b"))
    assert set(stack.judge(redundant_gateways)) == {"edge-a"}


def test_one_instance_is_refused_and_other_instances_are_none_of_it(stack: Stack) -> None:
    stack.add(INSTANCE, "wg-a", tags("dc1-aws", "wg-a"))
    stack.add(INSTANCE, "shop", {"tags": {"Name": "shop"}})
    stack.add(INSTANCE, "bare", {})
    assert set(stack.judge(redundant_gateways)) == {"wg-a"}


def test_the_rules_that_let_in_peers_tell_how_many_there_are(stack: Stack) -> None:
    for name in ("wg-a", "wg-b"):
        stack.add(INSTANCE, name, tags("dc1-aws", name))
        stack.add(RULE, f"{name}-peer", tags("dc1-aws", "edge-a"))
        stack.add(RULE, f"{name}-vpc", {"tags": {"Name": "the VPC"}})
    (sentence,) = stack.judge(redundant_gateways)["wg-b-peer"]
    assert sentence.startswith("Link `dc1-aws` hangs on one gateway, `edge-a`")
    stack.add(RULE, "second-peer", tags("dc1-aws", "edge-b"))
    assert stack.judge(redundant_gateways) == {}


def test_gateways_without_a_name_count_each_for_itself(stack: Stack) -> None:
    for name in ("wg-a", "wg-b"):
        stack.add(INSTANCE, name, tags("dc1-aws"))
    assert stack.judge(redundant_gateways) == {}


@pytest.mark.parametrize(("reason", "refused"), [("a branch with one line", 0), ("", 1), (" ", 1)])
def test_an_exception_needs_a_reason(stack: Stack, reason: str, refused: int) -> None:
    vpn(stack, "dc1-aws", "edge-a", reason=reason)
    assert len(stack.judge(redundant_gateways)) == refused


def test_a_connection_without_a_link_is_a_link_of_its_own(stack: Stack) -> None:
    stack.add(CONNECTION, "first", {"tags": {"Name": "first"}})
    stack.add(CONNECTION, "second", {})
    stack.add(CONNECTION, "third", tags(None, None, "a branch with one line"))
    found = stack.judge(redundant_gateways)
    assert set(found) == {"first", "second"}
    assert found["first"][0].startswith("Without a tag `hybridge:link` it is a link of its own")


@pytest.mark.parametrize("unknown", [{"tags": UNKNOWN}, tags(UNKNOWN), tags(secret(UNKNOWN))])
def test_what_is_not_known_yet_may_be_the_second_gateway(stack: Stack, unknown: dict[str, Any]) -> None:
    vpn(stack, "dc1-aws", "edge-a")
    stack.add(INSTANCE, "wg-a", tags("dc2-aws", "wg-a"))
    stack.add(INSTANCE, "later", unknown)
    assert set(stack.judge(redundant_gateways)) == {"edge-a"}


def test_a_link_may_be_a_secret(stack: Stack) -> None:
    vpn(stack, secret("dc1-aws"), "edge-a")
    vpn(stack, "dc1-aws", "edge-b")
    assert stack.judge(redundant_gateways) == {}


def test_a_setting_that_does_not_exist_is_told(stack: Stack) -> None:
    assert stack.judge(redundant_gateways, gateways=1) == {
        "": ["`gateways` is no setting of redundant-gateways. It has none."]
    }
