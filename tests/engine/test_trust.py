"""The root of trust in the real engine: it stays, it is replaced only on demand, and no key is told."""

from __future__ import annotations

import json

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.engine.estates import Project

PROGRAM = """
import pulumi
import pulumi_tls as tls

from hybridge.planning.trust_model import KeyAlgorithm, TrustPlan
from hybridge.trust.cluster import ClusterAuthority, ClusterAuthorityArgs
from hybridge.trust.root import RootAuthority, RootAuthorityArgs

plan = TrustPlan("Example", "Example root", KeyAlgorithm.ECDSA_P256, 20, 10, ["shop"])
opts = pulumi.ResourceOptions(providers=[tls.Provider("trust")])
root = RootAuthority("trust", RootAuthorityArgs(plan, allow_replacement=[]), opts)
args = ClusterAuthorityArgs(plan, "shop", root.certificate, root.ends, root.private_key)
pulumi.export("cacerts", ClusterAuthority("shop", args, opts).cacerts)
"""


def write(project: Project, text: str) -> None:
    (project.root / "__main__.py").write_text(text, encoding="utf-8")


def made(project: Project, kind: str, name: str) -> str:
    """What the provider made: a key's or a certificate's PEM."""
    (found,) = [each for each in project.objects() if each.type.endswith(f":{kind}") and each.urn.endswith(f"::{name}")]
    return str(found.outputs["privateKeyPem" if kind == "PrivateKey" else "certPem"])


def verifies(project: Project) -> bool:
    """Whether the intermediate is the root's, and either certificate is its key's."""
    root, shop = (
        x509.load_pem_x509_certificate(made(project, kind, name).encode())
        for kind, name in (("SelfSignedCert", "trust"), ("LocallySignedCert", "shop"))
    )
    shop.verify_directly_issued_by(root)
    return all(
        load_pem_private_key(made(project, "PrivateKey", name).encode(), None).public_key() == certificate.public_key()
        for name, certificate in (("trust", root), ("shop", shop))
    )


def test_the_root_stays_until_its_replacement_is_wanted(project: Project) -> None:
    write(project, PROGRAM)
    up = project.run("up", "--verbose")
    assert up.code == 0, up.text
    assert verifies(project)
    nothing_tells_a_key(project, up.text)
    first = made(project, "SelfSignedCert", "trust")

    again = project.run("up")
    assert again.code == 0, again.text
    assert "Nothing changed." in again.text

    longer = PROGRAM.replace("20, 10", "30, 10")
    write(project, longer)
    refused = project.run("up")
    assert refused.code != 0
    assert "protect" in refused.text
    assert made(project, "SelfSignedCert", "trust") == first

    write(project, longer.replace("allow_replacement=[]", 'allow_replacement=["trust"]'))
    wanted = project.run("up")
    assert wanted.code == 0, wanted.text
    assert made(project, "SelfSignedCert", "trust") != first
    assert verifies(project), "what the old root had signed is signed again"


def nothing_tells_a_key(project: Project, shown: str) -> None:
    # A PEM text is told with its line ends as they are or escaped; a line from its middle is the same either way.
    keys = [made(project, "PrivateKey", name).splitlines()[2] for name in ("trust", "shop")]
    places = {"the exported state": json.dumps(project.exported()), "what was shown": shown}
    for path in project.state.rglob("*"):
        if path.is_file() and path != project.ledger:
            places[str(path)] = path.read_bytes().decode(errors="replace")
    for name, text in places.items():
        assert not any(key in text for key in keys), name
    assert all(key in str(project.objects()) for key in keys), "the search finds keys where they are"
