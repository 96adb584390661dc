"""The policy pack runs in every rehearsal, and what it refuses is not created."""

from __future__ import annotations

from tests.engine.estates import Project

WEAK = '''"""Declares a VPN connection as somebody without hybridge might."""

import pulumi_aws as aws
import pulumi

provider = aws.Provider("aws", region="us-east-1")
opts = pulumi.ResourceOptions(provider=provider)
customer = aws.ec2.CustomerGateway("edge", type="ipsec.1", bgp_asn="65010", ip_address="203.0.113.10", opts=opts)
hub = aws.ec2transitgateway.TransitGateway("hub", opts=opts)
aws.ec2.VpnConnection("weak", type="ipsec.1", customer_gateway_id=customer.id, transit_gateway_id=hub.id, opts=opts)
'''


def test_a_tunnel_left_at_its_defaults_is_refused_at_preview(project: Project) -> None:
    (project.root / "__main__.py").write_text(WEAK, encoding="utf-8")
    done = project.run("up")
    assert done.code != 0
    assert "pinned-vpn-suites" in done.text
    assert "`tunnel2Phase2DhGroupNumbers` is not pinned" in done.text
    assert "Traceback" not in done.text
    assert project.objects() == []


def test_what_the_sdk_does_not_know_is_refused_with_its_path(project: Project) -> None:
    weak = WEAK.replace(
        'type="ipsec.1", customer', 'type="ipsec.1", tunnel1_phase1_dh_group_numbers=["twenty"], customer'
    )
    (project.root / "__main__.py").write_text(weak, encoding="utf-8")
    done = project.run("up")
    assert done.code != 0
    assert "tunnel1Phase1DhGroupNumbers[0]" in done.text
    assert project.objects() == []
