"""A secret that a cloud refuses is refused without being told: not on the console, and not in any log."""

from __future__ import annotations

import json

import pytest

from tests.engine.estates import Project

HEAD = """
import pulumi
import pulumi_aws as aws
import pulumi_command as command
import pulumi_kubernetes as kubernetes
import pulumi_tls as tls

key = pulumi.Output.secret("0SECRETVALUE-bad!")
"""

TAKEN = """
suites = {
    "ike_versions": ["ikev2"],
    "phase1_encryption_algorithms": ["AES256"], "phase2_encryption_algorithms": ["AES256"],
    "phase1_integrity_algorithms": ["SHA2-256"], "phase2_integrity_algorithms": ["SHA2-256"],
    "phase1_dh_group_numbers": [20], "phase2_dh_group_numbers": [20],
}
gateway = aws.ec2.CustomerGateway("gateway", bgp_asn="65010", ip_address="203.0.113.10", type="ipsec.1")
aws.ec2.VpnConnection(
    "vpn", customer_gateway_id=gateway.id, transit_gateway_id="tgw-0123456789abcdef0", type="ipsec.1",
    tunnel1_preshared_key=key, tunnel2_preshared_key=key, tags={"key": key, "hybridge:single-gateway": "one is enough"},
    **{f"tunnel{n}_{name}": value for n in (1, 2) for name, value in suites.items()},
)
kubernetes.core.v1.Secret("secret", string_data={"key": key})
command.local.Command("command", create="true", environment={"KEY": key})
"""

REFUSED = {
    "tunnel1PresharedKey": """
aws.ec2.VpnConnection(
    "vpn", customer_gateway_id="cgw-0123456789abcdef0", transit_gateway_id="tgw-0123456789abcdef0", type="ipsec.1",
    tunnel1_preshared_key=key,
)
""",
    "allowedUses[0]": """
private = tls.PrivateKey("key", algorithm="ED25519")
tls.SelfSignedCert("certificate", private_key_pem=private.private_key_pem, validity_period_hours=1, allowed_uses=[key])
""",
    "spec.replicas": """
kubernetes.apps.v1.Deployment("pods", spec={
    "selector": {"match_labels": {"a": "b"}}, "replicas": key,
    "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [
        {"name": "c", "image": "registry.k8s.io/pause:3.10", "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}},
    ]}},
})
""",
    "maxRetries": """
aws.Provider("aws", region="us-east-1", max_retries=key)
""",
    "privateKeyPem": """
tls.get_public_key_output(private_key_pem=key)
""",
}


def everything_told(project: Project) -> str:
    """All that a rehearsal left behind as text, except the ledger and the state: these keep secrets on purpose."""
    logs = [*project.state.glob("logs/**/*"), *project.state.glob("*.log"), *project.state.glob("*.json")]
    return "\n".join(log.read_text(encoding="utf-8", errors="replace") for log in logs if log.is_file())


@pytest.mark.parametrize("path", REFUSED)
def test_a_refused_secret_is_named_by_its_path_and_never_shown(project: Project, path: str) -> None:
    (project.root / "__main__.py").write_text(HEAD + REFUSED[path], encoding="utf-8")
    done = project.run("up")
    assert done.code != 0, done.text
    assert path in done.text
    for text in (done.text, everything_told(project)):
        assert "SECRETVALUE" not in text


def test_a_secret_that_is_taken_and_changed_is_never_shown(project: Project) -> None:
    for key in ("FirstSECRETVALUE", "SecondSECRETVALUE"):
        (project.root / "__main__.py").write_text(HEAD.replace("0SECRETVALUE-bad!", key) + TAKEN, encoding="utf-8")
        done = project.run("up", "--verbose")
        assert done.code == 0, done.text
        assert len([each for each in project.objects() if key in str(each)]) == 3
        for told in (done.text, everything_told(project), json.dumps(project.exported())):
            assert "SECRETVALUE" not in told
    assert project.run("destroy").code == 0
    for file in project.state.glob("ledger.sqlite*"):
        assert b"SECRETVALUE" not in file.read_bytes(), "a destroyed estate leaves no key behind"
