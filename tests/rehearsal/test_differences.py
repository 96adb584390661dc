"""A change updates or replaces as the real provider's source says, and an unknown one fails loudly."""

from __future__ import annotations

import re

import pytest

from rehearsal.clouds import differences, sdk
from rehearsal.clouds.differences import Kind, UnknownRuleError, compare, compare_provider, format_path
from rehearsal.clouds.values import UNKNOWN, Properties, Value

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:pulumi_")  # of the SDKs' own modules

GATEWAY = "aws:ec2/customerGateway:CustomerGateway"
CONNECTION = "aws:ec2/vpnConnection:VpnConnection"
ATTACHMENT = "aws:ec2transitgateway/vpcAttachment:VpcAttachment"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
TRANSIT = "aws:ec2transitgateway/transitGateway:TransitGateway"
VPC = "aws:ec2/vpc:Vpc"


def shown(token: str, old: Properties, new: Properties) -> dict[str, tuple[Kind, bool]]:
    return {change.path: (change.kind, change.replaces) for change in compare(token, old, new).changes}


def test_nothing_changes_where_only_the_encoding_does() -> None:
    old: dict[str, Value] = {"a": 1, "tags": {"x": "1", "gone": None}, "n": None}
    assert compare("aws:unheard/of:Of", old, {"a": 1.0, "tags": {"x": "1"}}).changes == ()


def test_true_is_not_one() -> None:
    assert shown(VPC, {"enableDnsSupport": True}, {"enableDnsSupport": 1}) == {
        "enableDnsSupport": (Kind.CHANGED, False)
    }


def test_a_changed_address_replaces_a_customer_gateway() -> None:
    assert shown(GATEWAY, {"ipAddress": "203.0.113.10"}, {"ipAddress": "203.0.113.11"}) == {
        "ipAddress": (Kind.CHANGED, True)
    }


def test_a_tag_is_added_in_place_and_a_region_never_changes() -> None:
    found = shown(GATEWAY, {"tags": {}, "region": "us-east-1"}, {"tags": {"a.b": "c"}, "region": "eu-west-1"})
    assert found == {'tags["a.b"]': (Kind.ADDED, False), "region": (Kind.CHANGED, True)}


def test_a_new_key_or_inside_range_updates_a_connection_and_another_inside_version_replaces_it() -> None:
    found = shown(
        CONNECTION,
        {
            "tunnel1PresharedKey": "old",
            "tunnel1InsideCidr": "169.254.10.0/30",
            "tunnelInsideIpVersion": "ipv4",
        },
        {"tunnel1PresharedKey": "new", "tunnel1InsideCidr": "169.254.11.0/30", "tunnelInsideIpVersion": "ipv6"},
    )
    assert found == {
        "tunnel1PresharedKey": (Kind.CHANGED, False),
        "tunnel1InsideCidr": (Kind.CHANGED, False),
        "tunnelInsideIpVersion": (Kind.CHANGED, True),
    }


@pytest.mark.parametrize(
    ("token", "name", "old", "new", "found"),
    [
        (CONNECTION, "tunnel1Phase1DhGroupNumbers", [19, 20], [20.0, 19.0], {}),
        (CONNECTION, "tunnel1IkeVersions", ["ikev1", "ikev2"], ["ikev2"], {"[0]": Kind.REMOVED}),
        (CONNECTION, "tunnel1IkeVersions", ["ikev2"], ["ikev1", "ikev2"], {"[0]": Kind.ADDED}),
        (ATTACHMENT, "subnetIds", ["a", "b"], ["b", "c"], {"[0]": Kind.REMOVED, "[1]": Kind.ADDED}),
        (ATTACHMENT, "subnetIds", ["a", "b"], ["b", UNKNOWN], {"[0]": Kind.REMOVED, "[1]": Kind.ADDED}),
        (
            GROUP,
            "ingress",
            [{"fromPort": 1, "securityGroups": ["a", "b"]}, {"fromPort": 2, "cidrBlocks": ["x", "y"]}],
            [{"fromPort": 2, "cidrBlocks": ["x", "y"]}, {"fromPort": 1.0, "securityGroups": ["b", "a"]}],
            {},
        ),
        # A list inside of a set is a list all the same.
        (
            GROUP,
            "ingress",
            [{"cidrBlocks": ["x", "y"]}],
            [{"cidrBlocks": ["y", "x"]}],
            {"[0].cidrBlocks[0]": Kind.CHANGED, "[0].cidrBlocks[1]": Kind.CHANGED},
        ),
    ],
)
def test_the_order_of_a_set_says_nothing(
    token: str, name: str, old: list[Value], new: list[Value], found: dict[str, Kind]
) -> None:
    assert shown(token, {name: old}, {name: new}) == {f"{name}{place}": (kind, False) for place, kind in found.items()}


def test_the_order_of_a_list_counts() -> None:
    token = "tls:index/selfSignedCert:SelfSignedCert"
    assert compare(token, {"dnsNames": ["a", "b"]}, {"dnsNames": ["b", "a"]}).replaces


def test_another_region_leaves_an_aws_provider_in_place() -> None:
    found = compare_provider("aws", {"region": "us-east-1"}, {"region": "eu-west-1"})
    assert [(change.path, change.replaces) for change in found.changes] == [("region", False)]


@pytest.mark.parametrize(
    ("old", "new", "replaces"), [("disable", "enable", True), ("enable", "disable", False), ("disable", UNKNOWN, True)]
)
def test_default_association_of_a_transit_gateway_is_only_switched_off_in_place(
    old: Value, new: Value, replaces: bool
) -> None:
    property_ = "defaultRouteTableAssociation"
    assert compare(TRANSIT, {property_: old}, {property_: new}).replaces is replaces


def test_what_is_not_known_yet_counts_as_changed() -> None:
    assert compare(GATEWAY, {"ipAddress": "203.0.113.10"}, {"ipAddress": UNKNOWN}).replaces


def test_every_property_without_a_rule_is_named_with_the_file_for_it() -> None:
    with pytest.raises(UnknownRuleError) as told:
        compare("gcp:compute/network:Network", {"mtu": 1460, "name": "a"}, {"mtu": 1500, "name": "b"})
    for part in ("gcp:compute/network:Network", "`mtu`", "`name`", "rehearsal/clouds/data/replacements.yaml"):
        assert part in str(told.value)


def test_every_argument_of_random_replaces_keepers_too() -> None:
    assert compare(
        "random:index/randomPassword:RandomPassword", {"keepers": {"a": "1"}}, {"keepers": {"a": "2"}}
    ).replaces


def test_a_kubernetes_object_is_replaced_by_what_the_api_server_holds_immutable() -> None:
    token = "kubernetes:apps/v1:Deployment"
    base: dict[str, Value] = {
        "metadata": {"name": "a", "labels": {"x": "1"}},
        "spec": {"selector": {"matchLabels": {"x": "1"}}, "replicas": 1},
    }
    scaled = {**base, "spec": {"selector": {"matchLabels": {"x": "1"}}, "replicas": 2}}
    reselected = {**base, "spec": {"selector": {"matchLabels": {"x": "2"}}, "replicas": 1}}
    assert not compare(token, base, scaled).replaces
    found = compare(token, base, reselected)
    assert found.replaces
    assert found.delete_before_replace


def test_a_renamed_kubernetes_object_need_not_go_before_its_replacement_comes() -> None:
    found = compare("kubernetes:core/v1:ConfigMap", {"metadata": {"name": "a"}}, {"metadata": {"name": "b"}})
    assert found.replaces
    assert not found.delete_before_replace


KUBECONFIG = """
current-context: main
contexts: [{name: main, context: {cluster: one, user: me}}]
clusters: [{name: one, cluster: {server: "https://198.51.100.1"}}]
users: [{name: me, user: {token: TOKEN}}]
"""


@pytest.mark.parametrize(
    ("old", "new", "replaces"),
    [
        ({"kubeconfig": KUBECONFIG}, {"kubeconfig": KUBECONFIG.replace("TOKEN", "renewed")}, False),
        ({"kubeconfig": KUBECONFIG}, {"kubeconfig": KUBECONFIG.replace("100.1", "100.2")}, True),
        ({"kubeconfig": KUBECONFIG}, {"kubeconfig": UNKNOWN}, True),
        (
            {"kubeconfig": KUBECONFIG, "clusterIdentifier": "a"},
            {"kubeconfig": UNKNOWN, "clusterIdentifier": "a"},
            False,
        ),
        (
            {"kubeconfig": KUBECONFIG, "clusterIdentifier": "a"},
            {"kubeconfig": KUBECONFIG, "clusterIdentifier": "b"},
            True,
        ),
    ],
)
def test_a_kubernetes_provider_is_another_one_when_its_cluster_is(
    old: Properties, new: Properties, replaces: bool
) -> None:
    assert compare_provider("kubernetes", old, new).replaces is replaces


def test_every_rule_names_a_source_and_properties_that_the_sdk_knows() -> None:
    for rule in differences._rules():
        assert rule.source
        assert rule.looked_up
        for token in rule.tokens:
            if "*" in token or token.startswith("pulumi:providers:"):
                continue
            resource = sdk.resource(token)
            assert resource is not None, token
            paths = (*rule.replace, *rule.update, *rule.replace_if, *rule.replace_unless, *rule.named_by, *rule.sets)
            assert {re.split(r"[.\[]", path)[0] for path in paths} - {"*"} <= resource.inputs.keys(), token


def test_paths_are_written_as_pulumi_writes_them() -> None:
    assert format_path(("spec", "ports", 0, "a.b", 'a"b')) == 'spec.ports[0]["a.b"]["a\\"b"]'
