"""What is wrong with an estate is found by the proof that is there to find it, and by its subject.

Each wrong is put into the rehearsed text of a gateway, or into the simulated clouds, and the lab is built of that.
Wrongs that do not hide each other share a lab. Beside each stands the whole estate, of which the same proofs hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from hybridge.links.wireguard_keys import private_key, public_key
from lab.proving import PROOFS
from tests.conftest import ROOT
from tests.lab.labs import Estate, Verdicts, needs_a_lab

PATIENCE: Final = 10.0
"""Seconds: what is right is there in three, and what is wrong never comes."""
AT_ONCE: Final = 3
"""Labs mostly wait."""
README: Final = ROOT / "README.md"
EVERYTHING: Final = "0.0.0.0/0 le 32"
BOTH_WAYS: Final = {"aws-east → dc1 over dc1-aws", "dc1 → aws-east over dc1-aws"}
"""What carries everything in the smallest estate."""


def wrong_tunnels(estate: Estate) -> Verdicts:
    """Keys, suites and filters that tunnels meet first; one VPN tunnel and one of WireGuard are left as they were."""
    secret(estate, "edge-a", "dc1-aws-edge-a-1", "kNobodyElseHasThisKey")
    suite(estate, "edge-a", "dc1-aws-edge-a-2", "esp_proposals", "aes128gcm16-ecp384")
    suite(estate, "edge-b", "dc1-aws-edge-b-1", "proposals", "aes256gcm16-prfsha512-ecp384")
    line(estate, "edge-a", "wg51820.conf", "PrivateKey", private_key("of somebody else"))
    line(estate, "edge-b", "wg51823.conf", "PublicKey", public_key(private_key("of somebody else")))
    estate.forget("SecurityGroupIngressRule", "dc1-wg-edge-a-2")
    estate.forget("SecurityGroupEgressRule", "dc1-wg-edge-a-2")
    return estate.proven("tunnel", patience=PATIENCE)


def wrong_sessions(estate: Estate) -> Verdicts:
    """An AS, addresses that two tunnels have exchanged, filters that tell everything, and a group of the children's."""
    estate.edit("edge-a", "frr.conf", "neighbor 169.254.6.1 remote-as 64512", "neighbor 169.254.6.1 remote-as 64513")
    estate.edit("edge-b", "frr.conf", "neighbor 10.200.0.10 remote-as 64600", "neighbor 10.200.0.10 remote-as 64601")
    for old, new in (("10", "N"), ("14", "10"), ("N", "14")):
        estate.edit("edge-b", "interfaces.sh", f"169.254.6.{old}/30", f"169.254.6.{new}/30")
    suite(estate, "edge-a", "dc1-aws-edge-a-2", "esp_proposals", "aes256gcm16-ecp256")
    permit(estate, "edge-a", "to-dc1-aws")
    permit(estate, "edge-a", "to-dc1-wg")
    return estate.proven("tunnel", "bgp", patience=PATIENCE)


def believing(estate: Estate) -> Verdicts:
    """One gateway believes everything of the VPN and any number of it, the other one everything of WireGuard."""
    permit(estate, "edge-a", "from-dc1-aws")
    permit(estate, "edge-b", "from-dc1-wg")
    estate.edit("edge-a", "frr.conf", "  neighbor 169.254.6.1 maximum-prefix 100 restart 5\n", "")
    return estate.proven("tunnel", "bgp", "rogue", "limit", patience=PATIENCE)


def narrow(estate: Estate) -> Verdicts:
    """Names that are looked for elsewhere, gateways that carry little and complain, a plan that is out by a byte."""
    estate.edit("dc1-resolver", "unbound.conf", "forward-addr: 172.20.255.116", "forward-addr: 172.20.0.77")
    estate.edit("dc1-resolver", "unbound.conf", "server:\n", 'server:\n  local-zone: "twice.test." static\n' * 2)
    estate.forget("ResolverRuleAssociation", "aws-east-corp.example.com")
    for gateway in ("edge-a", "edge-b"):
        estate.edit(
            gateway, "nftables.conf", "policy accept;", "policy accept;\n    limit rate over 500 kbytes/second drop"
        )
    estate.edit("edge-a", "interfaces.sh", "nft -f", "echo 'a router lies before 10.100.0.3' >&2\nnft -f")
    with estate.report() as report:
        for layer in (layer for link in report["sizes"]["links"] for layer in link["layers"]):
            layer["taken"] += layer["name"] == "WireGuard"
    return estate.proven("tunnel", "loading", "bgp", "dns", "overhead", "flow", patience=PATIENCE)


def unwatched(estate: Estate) -> Verdicts:
    """Gateways that learn by BGP's own timers that a peer is gone."""
    for gateway in ("edge-a", "edge-b"):
        estate.edit(gateway, "frr.conf", " bfd profile every-300-ms-3-times\n", " description nobody watches it\n")
    return estate.proven("tunnel", "bgp", "failover", patience=PATIENCE)


def alone(estate: Estate) -> Verdicts:
    """One VPN tunnel that works, and three that do not."""
    for gateway, number in (("edge-a", 2), ("edge-b", 1), ("edge-b", 2)):
        secret(estate, gateway, f"dc1-aws-{gateway}-{number}", "kNobodyElseHasThisKey")
    return estate.proven("tunnel", "rotation", patience=PATIENCE / 2)


def too_large(estate: Estate) -> Verdicts:
    """WireGuard tunnels that are larger than the plan says, and than their path is."""
    line(estate, "edge-a", "wg51820.conf", "MTU", "1441")
    line(estate, "edge-b", "wg51823.conf", "MTU", "1420")
    return estate.proven("tunnel", "bgp", "reach", "size", patience=PATIENCE)


def too_large_vpn(estate: Estate) -> Verdicts:
    """VPN tunnels as large as the internet outside them."""
    enlarge(estate)
    return estate.proven("tunnel", "bgp", "transfer", patience=PATIENCE)


def unclamped(estate: Estate) -> Verdicts:
    """Gateways that clamp nothing."""
    unclamp(estate)
    return estate.proven("tunnel", "bgp", "transfer", patience=PATIENCE)


def looked_at_before(estate: Estate) -> Verdicts:
    """Both, proven in the order in which everybody proves: packets of all sizes are sent before the transfer is."""
    enlarge(estate)
    unclamp(estate)
    return estate.proven("tunnel", "bgp", "size", "transfer", patience=PATIENCE)


def routeless(estate: Estate) -> Verdicts:
    """A VPC whose route table does not lead to the datacentre."""
    estate.forget("Route", "aws-east-10.100.0.0/16")
    return estate.proven("tunnel", "bgp", "reach", patience=PATIENCE)


def propagating(estate: Estate) -> Verdicts:
    """A VPC that has no way to the datacentre but those that its route server learns."""
    estate.forget("Route", "aws-east-10.100.0.0/16")
    return estate.proven("tunnel", "bgp", "reach", patience=PATIENCE)


def closed(estate: Estate) -> Verdicts:
    """Neither a route of its own nor one that is learned."""
    estate.forget("Route", "aws-east-10.100.0.0/16")
    estate.forget("RouteServerPropagation", "aws-east-route-server-aws-east")
    return estate.proven("tunnel", "bgp", "reach", patience=PATIENCE)


def unlearned(estate: Estate) -> Verdicts:
    """Nothing that WireGuard's instances learn reaches the VPC's table, which keeps its way through the standby."""
    estate.forget("RouteServerPropagation", "aws-east-route-server-aws-east")
    return estate.proven("tunnel", "bgp", "reach", "way", patience=PATIENCE)


def shut_out(estate: Estate) -> Verdicts:
    """WireGuard's instances that the VPC's own hosts may answer but not call, with no other way there."""
    estate.forget("Route", "aws-east-10.100.0.0/16")
    for number in (1, 2):
        estate.forget("SecurityGroupIngressRule", f"dc1-wg-{number}-172.20.0.0/16")
    return estate.proven("tunnel", "bgp", "reach", patience=PATIENCE)


def whole(estate: Estate) -> Verdicts:
    """As it was rehearsed, with every proof."""
    return estate.proven()


def other_kinds(estate: Estate) -> Verdicts:
    """As it was rehearsed, but what takes minutes."""
    return estate.proven("tunnel", "loading", "bgp", "reach", "way", "size", "overhead", "transfer", "limit")


LABS: Final[dict[str, tuple[str, Callable[[Estate], Verdicts]]]] = {
    "whole_reference": ("reference", whole),
    "whole_minimal": ("minimal", whole),
    "other_kinds": ("mixed", other_kinds),
    "unwatched": ("reference", unwatched),
    "alone": ("minimal", alone),
    "narrow": ("reference", narrow),
    "unclamped": ("minimal", unclamped),
    "too_large_vpn": ("minimal", too_large_vpn),
    "looked_at_before": ("minimal", looked_at_before),
    "believing": ("reference", believing),
    "wrong_tunnels": ("reference", wrong_tunnels),
    "wrong_sessions": ("reference", wrong_sessions),
    "too_large": ("reference", too_large),
    "routeless": ("minimal", routeless),
    "propagating": ("reference", propagating),
    "closed": ("reference", closed),
    "unlearned": ("reference", unlearned),
    "shut_out": ("reference", shut_out),
}
"""Every lab by its name: what is rehearsed, and what is made wrong and proven. The slowest begin first."""

Lab = Callable[[str], Verdicts]


@pytest.fixture(scope="module")
def lab(
    request: pytest.FixtureRequest, rehearsals: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lab]:
    """What the proofs of a lab found. All labs that the tests ask for are run, a few at a time."""
    needs_a_lab()
    asked = {name for item in request.session.items for mark in item.iter_markers("labs") for name in mark.args}
    running: dict[str, Future[Verdicts]] = {}
    pool = ThreadPoolExecutor(AT_ONCE)
    for name in (each for each in LABS if each in asked):
        stack, run = LABS[name]
        running[name] = pool.submit(run, Estate.brought(rehearsals(stack), tmp_path_factory.mktemp(name)))

    def found(name: str) -> Verdicts:
        verdicts = running[name].result()
        assert verdicts.found, verdicts.told.text
        assert "Traceback" not in verdicts.told.text
        return verdicts

    yield found
    pool.shutdown(cancel_futures=True)


def enlarge(estate: Estate) -> None:
    """Make every VPN tunnel as large as the internet outside it."""
    for gateway in ("edge-a", "edge-b"):
        estate.edit(gateway, "interfaces.sh", "mtu 1446 up", "mtu 1500 up")


def unclamp(estate: Estate) -> None:
    """Let every gateway clamp nothing."""
    for gateway in ("edge-a", "edge-b"):
        path = estate.state / "devices" / gateway / "nftables.conf"
        path.write_text("#!/usr/sbin/nft -f\n", encoding="utf-8")


def secret(estate: Estate, gateway: str, connection: str, key: str) -> None:
    """Give a gateway another key of a tunnel."""
    change(estate, gateway, "swanctl.conf", rf'(  ike-{connection} {{[^}}]*secret = ")[^"]*', key)


def suite(estate: Estate, gateway: str, connection: str, name: str, proposal: str) -> None:
    """Give a gateway another suite of a tunnel."""
    change(estate, gateway, "swanctl.conf", rf"(?s)(^  {connection} {{\n(?:(?!^  }}).)*?^ +{name} = )\S+", proposal)


def line(estate: Estate, gateway: str, name: str, key: str, value: str) -> None:
    """Give a WireGuard interface another value."""
    change(estate, gateway, name, rf"(^{key} = )\S+", value)


def permit(estate: Estate, gateway: str, prefixes: str) -> None:
    """Let a gateway's filter of prefixes permit everything."""
    change(estate, gateway, "frr.conf", rf"(^ip prefix-list {prefixes} seq 5 permit )[^\n]*", EVERYTHING)


def change(estate: Estate, gateway: str, name: str, pattern: str, value: str) -> None:
    """Change the one place that a pattern finds in a gateway's file, after the pattern's first group."""
    path = estate.state / "devices" / gateway / name
    text, places = re.subn(
        pattern, lambda found: found.group(1) + value, path.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert places == 1, f"{places} places of {name} of {gateway} match {pattern}"
    path.write_text(text, encoding="utf-8")


@pytest.mark.labs("whole_reference")
@pytest.mark.parametrize("proof", PROOFS)
def test_of_the_whole_estate_everything_holds(lab: Lab, proof: str) -> None:
    found = lab("whole_reference")
    assert found.subjects(proof)
    assert found.failed(proof) == set()


@pytest.mark.labs("whole_minimal")
@pytest.mark.parametrize("proof", sorted(PROOFS.keys() - {"dns", "flow"}))
def test_of_the_whole_vpn_everything_holds(lab: Lab, proof: str) -> None:
    """It has no names and no flows."""
    found = lab("whole_minimal")
    assert found.subjects(proof)
    assert found.failed(proof) == set()


@pytest.mark.labs("other_kinds")
def test_of_every_other_kind_of_link_everything_holds(lab: Lab) -> None:
    found = lab("other_kinds")
    assert found.told.code == 0, found.told.text
    assert {"dc1-small", "branch-east", "dc1-east"} == {
        told["found"] for (proof, _), told in found.found.items() if proof == "way"
    }


def ends_of_vpn(*tunnels: str) -> set[str]:
    return {f"{tunnel} at {site}" for tunnel in tunnels for site in ("dc1", "aws-east")}


def ends_of_wireguard(tunnel: str, gateway: str, instance: str) -> set[str]:
    return {f"{tunnel} at {gateway}", f"{tunnel} at {instance}"}


@pytest.mark.labs("wrong_tunnels", "whole_reference")
@pytest.mark.parametrize(
    ("wrong", "down"),
    [
        ("a key that the other end has not", ends_of_vpn("dc1-aws-edge-a-1")),
        ("a suite that AWS does not permit in phase 2", ends_of_vpn("dc1-aws-edge-a-2")),
        ("a suite that AWS does not permit in phase 1", ends_of_vpn("dc1-aws-edge-b-1")),
        ("a private key of WireGuard's that is another's", ends_of_wireguard("dc1-wg-edge-a-1", "edge-a", "dc1-wg-1")),
        ("a public key of WireGuard's that is another's", ends_of_wireguard("dc1-wg-edge-b-2", "edge-b", "dc1-wg-2")),
        ("a security group that lets nobody in", ends_of_wireguard("dc1-wg-edge-a-2", "edge-a", "dc1-wg-2")),
    ],
)
def test_a_tunnel_is_down_with(lab: Lab, wrong: str, down: set[str]) -> None:
    assert down <= lab("wrong_tunnels").failed("tunnel")
    assert down <= lab("whole_reference").subjects("tunnel")


@pytest.mark.labs("wrong_tunnels")
def test_tunnels_with_nothing_wrong_are_up_beside_those(lab: Lab) -> None:
    found = lab("wrong_tunnels")
    assert found.told.code == 1
    assert found.subjects("tunnel") - found.failed("tunnel") == {
        *ends_of_vpn("dc1-aws-edge-b-2"),
        *ends_of_wireguard("dc1-wg-edge-b-1", "edge-b", "dc1-wg-1"),
    }


@pytest.mark.labs("wrong_sessions")
def test_two_tunnels_that_have_exchanged_their_addresses_are_down(lab: Lab) -> None:
    assert lab("wrong_sessions").failed("tunnel") >= ends_of_vpn("dc1-aws-edge-b-1", "dc1-aws-edge-b-2")


@pytest.mark.labs("wrong_sessions")
def test_a_session_with_a_wrong_as_is_not_established_at_either_end(lab: Lab) -> None:
    found = lab("wrong_sessions")
    for subject in (
        "edge-a from aws-east endpoint of dc1-aws-edge-a-1",
        "aws-east endpoint of dc1-aws-edge-a-1 from edge-a",
        "edge-b from dc1-wg-1",
        "dc1-wg-1 from edge-b",
    ):
        assert subject in found.failed("bgp")
    assert "dc1-aws-edge-a-1 at dc1" not in found.failed("tunnel"), "it is the session that is wrong, not its tunnel"


@pytest.mark.labs("wrong_sessions", "whole_reference")
def test_a_gateway_that_tells_a_hub_everything_is_found(lab: Lab) -> None:
    subject = "aws-east endpoint of dc1-aws-edge-a-2 from edge-a"
    assert subject in lab("wrong_sessions").failed("bgp")
    assert "172.20.0.0/17" in lab("wrong_sessions").told_of("bgp", subject), "that is the cloud's own"
    assert "edge-a from aws-east endpoint of dc1-aws-edge-a-2" not in lab("wrong_sessions").failed("bgp")
    assert subject in lab("whole_reference").subjects("bgp")


@pytest.mark.labs("wrong_sessions")
def test_a_gateway_that_tells_an_instance_everything_is_found(lab: Lab) -> None:
    assert {"dc1-wg-1 from edge-a", "dc1-wg-2 from edge-a"} <= lab("wrong_sessions").failed("bgp")


@pytest.mark.labs("wrong_sessions")
def test_children_that_could_never_be_rekeyed_are_found(lab: Lab) -> None:
    """The first child has the group of IKE; a group of its own is spoken of when it is rekeyed, within the hour."""
    assert "dc1-aws-edge-a-2 at dc1" in lab("wrong_sessions").failed("tunnel")


@pytest.mark.labs("believing", "whole_reference")
def test_a_gateway_that_believes_everything_is_found(lab: Lab) -> None:
    wrong = {
        "edge-a from aws-east endpoint of dc1-aws-edge-a-1",
        "edge-a from aws-east endpoint of dc1-aws-edge-a-2",
        "edge-b from dc1-wg-1",
        "edge-b from dc1-wg-2",
    }
    found = lab("believing")
    assert found.failed("rogue") == wrong
    for subject in wrong:
        assert "believes 0.0.0.0/0, 10.100.0.0/24, 192.88.99.0/24" in found.told_of("rogue", subject)
    assert wrong <= lab("whole_reference").subjects("rogue")


@pytest.mark.labs("believing", "whole_reference")
def test_a_session_that_takes_any_number_of_networks_is_found(lab: Lab) -> None:
    subject = "edge-a from aws-east endpoint of dc1-aws-edge-a-1"
    assert lab("believing").failed("limit") == {subject}
    assert subject in lab("whole_reference").subjects("limit")


@pytest.mark.labs("narrow", "whole_reference")
@pytest.mark.parametrize(
    ("proof", "wrong"),
    [
        ("loading", {"the shell of edge-a", "Unbound of dc1.resolver1", "Unbound of dc1.resolver2"}),
        ("overhead", {f"dc1-wg-edge-{end}" for end in ("a-1", "a-2", "b-1", "b-2")}),
        ("flow", {"aws-east → dc1 (inventory)", "dc1 → aws-east (orders-db)"}),
    ],
)
def test_what_is_otherwise_than_planned_is_found(lab: Lab, proof: str, wrong: set[str]) -> None:
    assert lab("narrow").failed(proof) == wrong
    assert wrong <= lab("whole_reference").subjects(proof)


@pytest.mark.labs("narrow", "whole_reference")
def test_names_that_are_looked_for_elsewhere_are_found(lab: Lab) -> None:
    """One of two addresses is wrong, which hosts need not notice; nobody in AWS is sent to the datacentre."""
    failed = lab("narrow").failed("dns")
    assert any(subject.endswith(" while 172.20.255.100 is deaf") for subject in failed), failed
    assert any("for host.corp.example.com" in subject for subject in failed), failed


@pytest.mark.labs("unwatched", "whole_reference")
def test_a_failure_that_is_noticed_late_is_found(lab: Lab) -> None:
    """Where no flow is on a way, nobody is late; of four ways some carry it."""
    found = lab("unwatched")
    late = found.failed("failover")
    assert late <= lab("whole_reference").subjects("failover")
    assert any("s of silence; again: " in found.told_of("failover", subject) for subject in late), late


@pytest.mark.labs("alone", "whole_minimal")
def test_a_rotation_while_no_other_tunnel_is_up_loses_packets(lab: Lab) -> None:
    found = lab("alone")
    assert "dc1-aws-edge-a-1" in found.failed("rotation")
    assert "packets lost" in found.told_of("rotation", "dc1-aws-edge-a-1")


@pytest.mark.labs("too_large", "whole_reference")
def test_a_wireguard_tunnel_that_is_larger_than_planned_is_found(lab: Lab) -> None:
    """Be it larger than its path, or only than the plan."""
    found = lab("too_large")
    assert {"dc1-wg-edge-a-1 from edge-a", "dc1-wg-edge-b-2 from edge-b"} <= found.failed("size")
    assert {"dc1-wg-edge-a-2 from edge-a", "dc1-wg-edge-b-1 from edge-b"} <= (
        found.subjects("size") - found.failed("size")
    )
    assert found.failed("reach") == set(), "small packets pass"


@pytest.mark.labs("too_large_vpn", "whole_minimal")
def test_a_vpn_tunnel_that_is_larger_than_planned_stalls_without_icmp(lab: Lab) -> None:
    assert "aws-east → dc1 over dc1-aws" in lab("too_large_vpn").failed("transfer")
    assert lab("too_large_vpn").failed("bgp") == set()


@pytest.mark.labs("looked_at_before", "whole_minimal")
def test_a_vpn_tunnel_that_is_larger_than_planned_is_found_by_its_size(lab: Lab) -> None:
    assert lab("looked_at_before").failed("size") >= {
        f"dc1-aws-edge-{end}-{number} from edge-{end}" for end in "ab" for number in (1, 2)
    }


@pytest.mark.labs("looked_at_before", "whole_minimal")
def test_what_stalls_without_icmp_stalls_also_after_sizes_have_been_looked_at(lab: Lab) -> None:
    assert lab("looked_at_before").failed("transfer") == BOTH_WAYS


@pytest.mark.labs("unclamped", "whole_minimal")
def test_gateways_that_clamp_nothing_stall_in_both_directions_without_icmp(lab: Lab) -> None:
    found = lab("unclamped")
    assert found.failed("transfer") == BOTH_WAYS
    assert all("stalled" in found.told_of("transfer", subject) for subject in found.failed("transfer"))
    assert found.failed("bgp") == set()


def silent(lab: Lab, name: str) -> set[str]:
    """Which ways of a lab carry nothing, of those that carry something in the whole estate."""
    found = lab(name)
    assert found.failed("tunnel") == set(), "no tunnel has anything to do with it"
    return {subject.split()[0] for subject in found.failed("reach")}


@pytest.mark.labs("routeless", "whole_minimal")
def test_a_missing_route_is_found_in_both_directions(lab: Lab) -> None:
    """No answer comes back either."""
    assert silent(lab, "routeless") == {"dc1", "aws-east"}


@pytest.mark.labs("propagating", "closed")
def test_a_missing_propagation_is_found_where_nothing_else_leads_there(lab: Lab) -> None:
    assert silent(lab, "propagating") == set()
    assert silent(lab, "closed") == {"dc1", "aws-east"}


@pytest.mark.labs("unlearned")
def test_a_missing_propagation_is_found_where_a_standby_leads_there(lab: Lab) -> None:
    """WireGuard is what the plan prefers, in both directions; the cloud would always answer through its standby."""
    assert lab("unlearned").failed("way") == {"aws-east → dc1"}


@pytest.mark.labs("propagating", "shut_out")
def test_a_security_group_that_lets_no_host_in_is_found(lab: Lab) -> None:
    assert silent(lab, "propagating") == set()
    found = lab("shut_out")
    theirs = {subject for subject in found.subjects("reach") if subject.startswith("aws-east ")}
    # They are still answered, where the answer goes through the instance that the question came through.
    assert theirs <= found.failed("reach")


@pytest.mark.labs("whole_minimal")
def test_a_lab_says_what_the_readme_says(lab: Lab) -> None:
    """But for the seconds, which are the machine's."""
    readme = README.read_text(encoding="utf-8")
    block = re.search(r"\n```console\n\$ make lab STACK=minimal\n(.*?)```\n", readme, re.DOTALL)
    assert block, "README shows a run"
    said = iter([plain(line) for line in lab("whole_minimal").told.text.splitlines()])
    for line in block.group(1).splitlines():
        # What a busy machine adds to it stands behind it.
        assert line == "…" or any(one.startswith(plain(line)) for one in said), f"README says {line!r}, in this order"


def plain(line: str) -> str:
    """A line without its figures of seconds and packets, or which gateway carried, and with one space for many."""
    line = re.sub(r"\b\d+ packets\b", "… packets", line)
    return re.sub(r"\d+\.\d+ s\b", "… s", re.sub(r"(failover .*)edge-[ab]", r"\1edge-…", " ".join(line.split())))
