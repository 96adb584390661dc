"""Both halves of a site-to-site VPN link: keys, connections, logs, alarms, and how keys may change."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_random as random
import pytest

from hybridge.links.key_rotation import KeyChangeRefusedError
from hybridge.links.site_to_site_vpn import OnpremSiteToSiteVpn, OnpremSiteToSiteVpnArgs
from hybridge.links.site_to_site_vpn_aws import AwsSiteToSiteVpn, AwsSiteToSiteVpnArgs
from hybridge.planning import SiteToSiteVpnPlan
from rehearsal.clouds.differences import compare
from rehearsal.clouds.faults import Outage
from rehearsal.clouds.mocks import Registration, SimulatedClouds, install
from rehearsal.clouds.values import UNKNOWN
from tests.conftest import planned

VPN = "aws:ec2/vpnConnection:VpnConnection"
CUSTOMER = "aws:ec2/customerGateway:CustomerGateway"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
PASSWORD = "random:index/randomPassword:RandomPassword"
TOPIC = "arn:aws:sns:us-east-1:123456789012:network"
HUB: dict[str, Any] = {"transit_gateway_id": "tgw-0123456789abcdef0"}


def declare_keys(
    clouds: SimulatedClouds, plan: SiteToSiteVpnPlan, given: dict[str, pulumi.Input[str]] | None = None
) -> OnpremSiteToSiteVpn:
    def program() -> OnpremSiteToSiteVpn:
        opts = pulumi.ResourceOptions(providers=[random.Provider(plan.name)])
        return OnpremSiteToSiteVpn(plan.name, OnpremSiteToSiteVpnArgs(plan, given), opts)

    return clouds.run(program)


def declare(clouds: SimulatedClouds, plan: SiteToSiteVpnPlan, **args: Any) -> AwsSiteToSiteVpn:
    """Declare AWS's half, with keys that say whose they are."""

    def program() -> AwsSiteToSiteVpn:
        opts = pulumi.ResourceOptions(providers=[aws.Provider(plan.cloud, region="us-east-1")])
        keys: dict[str, pulumi.Input[str]] = {
            tunnel.name: f"key_of_{tunnel.name}".replace("-", "_") for tunnel in plan.tunnels
        }
        return AwsSiteToSiteVpn(plan.name, AwsSiteToSiteVpnArgs(plan, keys, **(HUB | args)), opts)

    return clouds.run(program)


def vpn(declared: dict[str, Any], **changes: Any) -> SiteToSiteVpnPlan:
    """Plan the link with some of its fields changed."""
    declared["links"]["dc1-aws"] |= changes
    return planned(declared).vpns[0]


def known(value: pulumi.Output[Any]) -> Any:
    """What an output of a component came to be."""
    return asyncio.get_event_loop().run_until_complete(value.future())


def is_secret(value: pulumi.Output[Any]) -> bool:
    return asyncio.get_event_loop().run_until_complete(value.is_secret())


def named(clouds: SimulatedClouds, token: str) -> dict[str, Registration]:
    return {each.name: each for each in clouds.of_type(token)}


def test_each_tunnel_has_a_key_of_its_own_and_it_is_secret(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    half = declare_keys(clouds, vpn(declared))
    keys = known(half.preshared_keys)
    assert len(set(keys.values())) == 4
    assert all(len(key) == 49 and key[0] == "k" and key.isalnum() for key in keys.values())
    assert is_secret(half.preshared_keys)


def test_a_generation_is_another_key_and_the_first_one_changes_nothing(
    clouds: SimulatedClouds, declared: dict[str, Any]
) -> None:
    declare_keys(clouds, vpn(declared, key_generations={"edge-a/1": 2, "edge-a/2": 1}))
    keepers = {name: each.inputs.get("keepers") for name, each in named(clouds, PASSWORD).items()}
    assert keepers == {
        "dc1-aws-edge-a-1": {"generation": "2"},
        "dc1-aws-edge-a-2": None,
        "dc1-aws-edge-b-1": None,
        "dc1-aws-edge-b-2": None,
    }


def test_a_given_key_is_used_and_none_is_made(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    plan = vpn(declared, preshared_keys={"edge-b/2": "edge-b-key"})
    half = declare_keys(clouds, plan, {"dc1-aws-edge-b-2": pulumi.Output.secret("what_they_say")})
    assert "dc1-aws-edge-b-2" not in named(clouds, PASSWORD)
    assert known(half.preshared_keys)["dc1-aws-edge-b-2"] == "what_they_say"
    assert is_secret(half.preshared_keys)


def test_a_key_that_should_be_given_is_missed(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    plan = vpn(declared, preshared_keys={"edge-b/2": "edge-b-key"})
    with pytest.raises(ValueError, match="dc1-aws-edge-b-2"):
        declare_keys(clouds, plan)


def test_keys_are_secret_in_the_connections(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    declare(clouds, vpn(declared))
    for connection in clouds.of_type(VPN):
        assert {"tunnel1PresharedKey", "tunnel2PresharedKey"} <= connection.secrets


def test_a_connection_attaches_to_either_hub(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    declare(clouds, vpn(declared), transit_gateway_id=None, vpn_gateway_id="vgw-0123456789abcdef0")
    for connection in clouds.of_type(VPN):
        assert connection.inputs["vpnGatewayId"] == "vgw-0123456789abcdef0"
        assert not {"transitGatewayId", "tunnelBandwidth"} & connection.inputs.keys()


@pytest.mark.parametrize("hubs", [{"transit_gateway_id": None}, {"vpn_gateway_id": "vgw-0123456789abcdef0"}])
def test_a_connection_attaches_to_one_hub(
    clouds: SimulatedClouds, declared: dict[str, Any], hubs: dict[str, str | None]
) -> None:
    plan = vpn(declared)
    with pytest.raises(ValueError, match="give one"):
        declare(clouds, plan, **hubs)


@pytest.mark.parametrize(("bandwidth", "size"), [("1Gbps", "standard"), ("2Gbps", "large")])
def test_the_tunnels_have_the_size_that_was_planned(
    clouds: SimulatedClouds, declared: dict[str, Any], bandwidth: str, size: str
) -> None:
    declare(clouds, vpn(declared, bandwidth=bandwidth))
    assert [each.inputs["tunnelBandwidth"] for each in clouds.of_type(VPN)] == [size, size]


@pytest.mark.parametrize(
    ("asn", "plain", "extended"), [(2147483647, "2147483647", None), (2147483648, None, "2147483648")]
)
def test_a_large_asn_is_given_as_extended(
    clouds: SimulatedClouds, declared: dict[str, Any], asn: int, plain: str, extended: str
) -> None:
    declared["sites"]["dc1"]["asn"] = asn
    declare(clouds, vpn(declared))
    for gateway in clouds.of_type(CUSTOMER):
        assert (gateway.inputs.get("bgpAsn"), gateway.inputs.get("bgpAsnExtended")) == (plain, extended)


def test_every_tunnel_logs_to_its_connections_group(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    declare(clouds, vpn(declared, log_retention_days=30))
    groups = named(clouds, LOG_GROUP)
    for name, connection in named(clouds, VPN).items():
        group = groups[name]
        assert group.inputs["retentionInDays"] == 30
        assert str(group.outputs["name"]).startswith(f"/aws/vendedlogs/hybridge/{name}-")
        arn = group.outputs["arn"]
        logs = {"logEnabled": True, "logGroupArn": arn, "logOutputFormat": "json"}
        bgp = {"bgpLogEnabled": True, "bgpLogGroupArn": arn, "bgpLogOutputFormat": "json"}
        for number in (1, 2):
            assert connection.inputs[f"tunnel{number}LogOptions"] == {"cloudwatchLogOptions": logs | bgp}


def test_where_nothing_is_logged_aws_is_told_so(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    declare(clouds, vpn(declared, log_retention_days=None))
    assert clouds.of_type(LOG_GROUP) == []
    off = {"cloudwatchLogOptions": {"logEnabled": False, "bgpLogEnabled": False}}
    for connection in clouds.of_type(VPN):
        assert connection.inputs["tunnel1LogOptions"] == connection.inputs["tunnel2LogOptions"] == off


def test_somebody_hears_of_one_tunnel_and_of_all(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    declare(clouds, vpn(declared), alarm_topic_arn=TOPIC)
    connections, alarms = named(clouds, VPN), named(clouds, ALARM)
    watched: dict[str, tuple[list[str], set[str], object, object]] = {}
    for name, alarm in alarms.items():
        queries: Any = alarm.inputs["metricQueries"]
        states = [query["metric"] for query in queries if "metric" in query]
        assert {(state["namespace"], state["metricName"], state["period"]) for state in states} == {
            ("AWS/VPN", "TunnelState", 300)
        }
        assert alarm.inputs["comparisonOperator"] == "LessThanOrEqualToThreshold"
        assert alarm.inputs["treatMissingData"] == "breaching"
        assert alarm.inputs["alarmActions"] == alarm.inputs["okActions"] == [TOPIC]
        watched[name] = (
            [state["dimensions"]["VpnId"] for state in states],
            {state["stat"] for state in states},
            alarm.inputs["threshold"],
            alarm.inputs["datapointsToAlarm"],
        )
    a, b = connections["dc1-aws-edge-a"].id, connections["dc1-aws-edge-b"].id
    assert watched == {
        "dc1-aws-edge-a-one-down": ([a], {"Minimum"}, 0.5, 3),
        "dc1-aws-edge-a-both-down": ([a], {"Maximum"}, 0, 1),
        "dc1-aws-edge-b-one-down": ([b], {"Minimum"}, 0.5, 3),
        "dc1-aws-edge-b-both-down": ([b], {"Maximum"}, 0, 1),
        "dc1-aws-all-down": ([a, b], {"Maximum"}, 0, 1),
    }


def test_every_alarm_watches_one_value(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    declare(clouds, vpn(declared))
    for alarm in clouds.of_type(ALARM):
        queries: Any = alarm.inputs["metricQueries"]
        assert sum(query.get("returnData", False) for query in queries) == 1
    queries = named(clouds, ALARM)["dc1-aws-all-down"].inputs["metricQueries"]
    assert queries[-1] == {
        "id": "best",
        "expression": "MAX(METRICS())",
        "label": "the best connection",
        "returnData": True,
    }


def test_alarms_without_a_topic_only_show_their_state(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    declare(clouds, vpn(declared))
    assert len(clouds.of_type(ALARM)) == 5
    assert all("alarmActions" not in alarm.inputs for alarm in clouds.of_type(ALARM))


def test_a_single_connection_has_no_alarm_of_the_link(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    del declared["sites"]["dc1"]["gateways"][1]
    declare(clouds, vpn(declared, accept_single_gateway="a branch (may be offline, for a day)"))
    assert set(named(clouds, ALARM)) == {"dc1-aws-edge-a-one-down", "dc1-aws-edge-a-both-down"}


def test_tags_tell_policies_what_a_connection_is_part_of(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    del declared["sites"]["dc1"]["gateways"][1]
    declare(clouds, vpn(declared, accept_single_gateway="a branch (may be offline, for a day)"))
    for token in (CUSTOMER, VPN):
        (each,) = clouds.of_type(token)
        assert each.inputs["tags"] == {
            "Name": "dc1-aws-edge-a",
            "hybridge:link": "dc1-aws",
            "hybridge:gateway": "edge-a",
            "hybridge:single-gateway": "a branch may be offline for a day",
        }


def test_two_gateways_need_no_exception(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    declare(clouds, vpn(declared))
    tags: Any = [each.inputs["tags"] for each in clouds.of_type(VPN)]
    assert all("hybridge:single-gateway" not in each for each in tags)


@pytest.mark.parametrize(("allowed", "protected"), [(None, 2), (["dc1-aws-edge-a"], 1)])
def test_connections_are_protected_until_their_replacement_is_wanted(
    clouds: SimulatedClouds, declared: dict[str, Any], allowed: list[str] | None, protected: int
) -> None:
    declare(clouds, vpn(declared), allow_replacement=allowed)
    assert [each.type for each in clouds.registrations if each.protect] == [VPN] * protected


def test_two_links_from_one_device_have_customer_gateways_of_their_own(
    clouds: SimulatedClouds, declared: dict[str, Any]
) -> None:
    """AWS would answer two equal requests with one customer gateway."""
    declare(clouds, vpn(declared))
    declared["links"]["dc1-too"] = declared["links"].pop("dc1-aws")
    declare(clouds, planned(declared).vpns[0])
    gateways = [
        {name: value for name, value in each.inputs.items() if name != "tags"} for each in clouds.of_type(CUSTOMER)
    ]
    assert len(gateways) == 4
    assert all(gateways.count(gateway) == 1 for gateway in gateways)


def test_the_rehearsal_knows_what_a_change_of_every_property_means(
    clouds: SimulatedClouds, declared: dict[str, Any]
) -> None:
    """Every property that a link sets has a rule, so that no change of a stack ends in a gap of the simulation."""
    declared["sites"]["dc1"]["asn"] = 4200000001
    plan = vpn(declared, key_generations={"edge-a/1": 2})
    declare_keys(clouds, plan)
    declare(clouds, plan, alarm_topic_arn=TOPIC)
    types = {each.type for each in clouds.registrations if not each.type.startswith(("hybridge:", "pulumi:"))}
    assert types == {VPN, CUSTOMER, LOG_GROUP, ALARM, PASSWORD}
    for each in clouds.registrations:
        if each.type in types:
            for name in each.inputs:
                compare(each.type, each.inputs, {**each.inputs, name: UNKNOWN})


def update(clouds: SimulatedClouds, connection: str, **changed: object) -> None:
    """Ask what the engine asks before it updates a connection, with these inputs changed."""
    found = named(clouds, VPN)[connection]
    old = dict(found.inputs)
    new = {**old, **changed}
    asked = clouds.hooks["dc1-aws-one-tunnel-at-a-time"](
        pulumi.ResourceHookArgs(
            found.urn, found.id, found.name, found.type, old_inputs=old, new_inputs=new, old_outputs=dict(found.outputs)
        )
    )
    assert asked is not None

    async def ask() -> None:
        await asked

    asyncio.get_event_loop().run_until_complete(ask())


def test_the_engine_asks_before_it_updates_in_a_preview_too(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    declare(clouds, vpn(declared))
    (hook,) = clouds.hooks.values()
    assert hook.opts is not None
    assert (hook.opts.on_dry_run, hook.opts.ignore_errors) == (True, False)


def test_one_key_changes(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    declare(clouds, vpn(declared))
    update(clouds, "dc1-aws-edge-b")
    update(clouds, "dc1-aws-edge-a", tunnel1PresharedKey=pulumi.Output.secret("another_key"))


def test_two_keys_of_a_connection_do_not_change_together(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    declare(clouds, vpn(declared))
    with pytest.raises(KeyChangeRefusedError, match="dc1-aws-edge-a-1 and dc1-aws-edge-a-2"):
        update(clouds, "dc1-aws-edge-a", tunnel1PresharedKey="another_key", tunnel2PresharedKey="yet_another_key")


def test_keys_of_two_connections_do_not_change_together(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    declare(clouds, vpn(declared))
    update(clouds, "dc1-aws-edge-a", tunnel2PresharedKey="another_key")
    with pytest.raises(KeyChangeRefusedError, match="dc1-aws-edge-a-2 and dc1-aws-edge-b-1"):
        update(clouds, "dc1-aws-edge-b", tunnel1PresharedKey="another_key")


@pytest.mark.parametrize("down", [["dc1-aws-edge-a-2"], ["dc1-aws-edge-a-1", "dc1-aws-edge-a-2"]])
def test_no_key_changes_while_its_twin_is_down(declared: dict[str, Any], down: list[str]) -> None:
    plan = vpn(declared)
    with install(planned=(Outage(down=tuple(down)),)) as clouds:
        declare(clouds, plan)
        with pytest.raises(KeyChangeRefusedError, match="while its twin dc1-aws-edge-a-2 is down"):
            update(clouds, "dc1-aws-edge-a", tunnel1PresharedKey="another_key")


def test_a_key_changes_while_another_gateways_tunnel_or_itself_is_down(declared: dict[str, Any]) -> None:
    plan = vpn(declared)
    with install(planned=(Outage(down=("dc1-aws-edge-a-1", "dc1-aws-edge-b-2")),)) as clouds:
        declare(clouds, plan)
        update(clouds, "dc1-aws-edge-a", tunnel1PresharedKey="another_key")


def test_a_connection_that_is_down_is_mended_where_that_is_asked_for(declared: dict[str, Any]) -> None:
    plan = vpn(declared)
    with install(planned=(Outage(down=("dc1-aws-edge-a-1", "dc1-aws-edge-a-2")),)) as clouds:
        declare(clouds, plan, allow_replacement=["dc1-aws-edge-a"])
        update(clouds, "dc1-aws-edge-a", tunnel1PresharedKey="another_key", tunnel2PresharedKey="yet_another_key")


def test_a_suite_changes_only_where_the_connection_may_be_down(
    clouds: SimulatedClouds, declared: dict[str, Any]
) -> None:
    declare(clouds, vpn(declared), allow_replacement=["dc1-aws-edge-b"])
    another: dict[str, object] = {f"tunnel{number}Phase1DhGroupNumbers": [21] for number in (1, 2)}
    with pytest.raises(KeyChangeRefusedError, match="Both tunnels of dc1-aws-edge-a would change their suite"):
        update(clouds, "dc1-aws-edge-a", **another)
    update(clouds, "dc1-aws-edge-b", **another)


def test_each_end_has_timers_and_logs_of_its_own(clouds: SimulatedClouds, declared: dict[str, Any]) -> None:
    declare(clouds, vpn(declared))
    for number in (1, 2):
        update(clouds, "dc1-aws-edge-a", tunnel1DpdTimeoutSeconds=60, **{f"tunnel{number}LogOptions": {}})
