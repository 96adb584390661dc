"""The report and the picture come from the plan alone."""

from __future__ import annotations

from typing import Any

from hybridge.diagram import diagram
from hybridge.planning import Plan
from hybridge.report import report
from tests.conftest import planned


def test_the_report_names_every_site_link_and_tunnel(plan: Plan) -> None:
    told = report(plan)
    assert [site["name"] for site in told["sites"]] == ["dc1", "aws-east"]
    assert [site["next_hop"][:26] for site in told["sites"]] == ["Its hosts need a next hop ", ""]
    (link,) = told["links"]
    assert link["between"] == ["dc1", "aws-east"]
    assert [(tunnel["mtu"], tunnel["mss"]) for tunnel in link["tunnels"]] == [(1446, 1406)] * 4
    assert "Any one gateway may fail: 2 of 4 tunnels stay up" in link["redundancy"]
    assert link["redundancy"].endswith("One of dc1 that loses its tunnels hands over to another.")
    between = [each for each in told["neighbours"] if not each["link"]]
    assert [(each["gateway"], each["peer"]) for each in between] == [("edge-a", "edge-b"), ("edge-b", "edge-a")]
    assert all(each["announces"] == each["accepts"] == ["172.20.0.0/16"] for each in between)


def test_the_report_says_which_network_has_to_lead_to_pods(declared: dict[str, Any]) -> None:
    pods = {"kind": "existing", "cni": "calico-vxlan"}
    declared["clusters"] = {
        "told": pods | {"site": "dc1", "pods": "10.10.0.0/16", "services": "10.110.0.0/16", "advertised": True},
        "kept": pods | {"site": "dc1", "pods": "10.20.0.0/16", "services": "10.120.0.0/16"},
        "cloud": pods
        | {"site": "aws-east", "pods": "172.20.64.0/18", "services": "10.130.0.0/16"}
        | {"cni": "aws-vpc", "advertised": True},
    }
    routes = {cluster["name"]: cluster["route"] for cluster in report(planned(declared))["clusters"]}
    assert "The gateways of dc1 announce 10.10.0.0/16" in routes["told"]
    assert routes["kept"] == routes["cloud"] == ""


def test_the_picture_draws_a_line_for_each_tunnel(plan: Plan) -> None:
    drawn = diagram(plan)
    assert drawn.startswith("flowchart LR\n")
    for tunnel in plan.vpns[0].tunnels:
        assert f'|"{tunnel.inside}"|' in drawn


def test_a_site_may_be_called_by_a_word_of_mermaids_own(declared: dict[str, Any]) -> None:
    declared["sites"]["end"] = declared["sites"].pop("dc1")
    declared["links"]["dc1-aws"]["between"] = ["end", "aws-east"]
    assert "subgraph end" not in diagram(planned(declared))
