"""The policy pack runs in every rehearsal, and what it refuses is not created."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.engine.estates import Project
from tests.engine.test_build import until

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


SHOP = '''"""Declares a deployment as somebody without policies might, and another one."""

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random

cluster = k8s.Provider("cluster", kubeconfig="{}", cluster_identifier="shop")
pet = random.RandomPet("pet")


def deployment(name, **container):
    k8s.apps.v1.Deployment(
        name,
        metadata={"namespace": "shop"},
        spec={
            "selector": {"match_labels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{"name": "web", **container}, LATER]},
            },
        },
        opts=pulumi.ResourceOptions(provider=cluster),
    )


LIMITS = {"limits": {"cpu": "500m", "memory": "64Mi"}}
LATER = {"name": "later", "image": pet.id, "resources": LIMITS, "security_context": {"privileged": pet.id.apply(bool)}}
deployment("strange", image="nginx", security_context={"privileged": True})
deployment("modest", image="registry.k8s.io/pause:3.10", resources=LIMITS)
'''

WIREGUARD = '''"""Declares a single gateway that lets in the world, its rule a resource of its own."""

import pulumi
import pulumi_aws as aws

opts = pulumi.ResourceOptions(provider=aws.Provider("aws", region="us-east-1"))
tags = {"hybridge:link": "dc1-aws", "hybridge:gateway": "wg-a"}
group = aws.ec2.SecurityGroup("group", opts=opts)
aws.vpc.SecurityGroupIngressRule(
    "world", security_group_id=group.id, ip_protocol="udp", from_port=51820, to_port=51820, cidr_ipv4="0.0.0.0/0",
    opts=opts,
)
aws.ec2.Instance(
    "wg-a", ami="ami-1", instance_type="t4g.small", vpc_security_group_ids=[group.id], tags=tags, opts=opts
)
'''


@pytest.fixture
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where a rehearsal's temporary files go."""
    return tmp_path_factory.mktemp("t")


def test_a_deployment_is_refused_at_preview_and_opa_leaves_nothing(project: Project, temporary: Path) -> None:
    (project.root / "__main__.py").write_text(SHOP, encoding="utf-8")
    done = project.run("up", TMPDIR=str(temporary))
    assert done.code != 0
    assert done.text.count("policy allowed-registries (hybridge, mandatory), kubernetes:apps:Deployment strange") == 1
    assert "Container `web` runs docker.io/library/nginx, which lies in none of the allowed" in done.text
    assert "Container `web` is privileged" in done.text
    assert "Container `web` has no limit of memory" in done.text
    assert "modest" not in done.text
    assert "`later`" not in done.text
    assert project.objects() == []
    until(lambda: list(temporary.glob("hybridge-opa-*")) == [])
    until(lambda: not any(os.fsencode(temporary) in command_line(one) for one in Path("/proc").glob("[0-9]*")))


def command_line(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""  # it has just ended


def test_a_stack_settles_what_is_refused(project: Project) -> None:
    (project.root / "__main__.py").write_text(SHOP, encoding="utf-8")
    settings = {
        "allowed-registries": {"registries": ["registry.k8s.io", "docker.io/library"]},
        "no-privileged-containers": {"exemptNamespaces": ["shop"]},
        "required-limits": "advisory",
    }
    (project.root / "stacks" / "policy.minimal.json").write_text(json.dumps(settings), encoding="utf-8")
    done = project.run("preview")
    assert done.code == 0, done.text
    assert "warning: policy required-limits (hybridge, advisory), kubernetes:apps:Deployment strange" in done.text
    assert "allowed-registries" not in done.text


def test_a_misspelt_setting_is_told_before_anything_runs(project: Project) -> None:
    (project.root / "stacks" / "policy.minimal.json").write_text('{"required-limit": "advisory"}', encoding="utf-8")
    done = project.run("up")
    assert done.code != 0
    assert "policy.minimal.json: required-limit: There is no such policy. Did you mean `required-limits`?" in done.text
    assert project.objects() == []


def test_without_opas_verdict_nothing_passes(project: Project, tmp_path_factory: pytest.TempPathFactory) -> None:
    (project.root / "__main__.py").write_text(SHOP, encoding="utf-8")
    place = tmp_path_factory.mktemp("bin")
    (place / "opa").write_text(
        '#!/bin/sh\n[ "$1" = version ] && echo Version: 1.999.0 || { echo no room >&2; exit 1; }\n'
    )
    (place / "opa").chmod(0o755)
    done = project.run("up", PATH=f"{place}{os.pathsep}{os.environ['PATH']}")
    assert done.code != 0
    for policy in ("allowed-registries", "no-privileged-containers", "required-limits"):
        assert done.text.count(f"error: policy {policy}") == 1
    assert done.text.count("OPA could not be started: no room") == 3
    assert "Traceback" not in done.text
    assert project.objects() == []


def test_a_gateway_is_judged_with_what_depends_on_it(project: Project) -> None:
    (project.root / "__main__.py").write_text(WIREGUARD, encoding="utf-8")
    done = project.run("up")
    assert done.code != 0
    assert "SecurityGroupIngressRule world: Gateways let in their peers" in done.text
    assert "It lets in udp 51820 from 0.0.0.0/0, and so others than the gateway's peers." in done.text
    assert "Link `dc1-aws` hangs on one gateway, `wg-a`" in done.text
    assert project.objects() == []
