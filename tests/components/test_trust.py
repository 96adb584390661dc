"""The authorities are certificates that OpenSSL accepts, with keys that nothing tells and a root that stays."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pulumi
import pulumi_tls as tls
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from pulumi.provider.experimental.analyzer import Analyzer

from hybridge.planning.trust_model import KeyAlgorithm, TrustPlan
from hybridge.trust.cluster import ClusterAuthority, ClusterAuthorityArgs, OutlivesRootError
from hybridge.trust.root import RootAuthority, RootAuthorityArgs
from rehearsal.clouds.differences import compare
from rehearsal.clouds.mocks import SimulatedClouds, install
from rehearsal.clouds.values import UNKNOWN

PLAN = TrustPlan(
    organization="Example",
    root_name="Example root",
    algorithm=KeyAlgorithm.ECDSA_P256,
    root_years=20,
    intermediate_years=10,
    clusters=["shop", "warehouse"],
)
FILES = {"ca-cert.pem", "ca-key.pem", "cert-chain.pem", "root-cert.pem"}

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is missing")


def declare(
    plan: TrustPlan, allow_replacement: list[str] | None = None, root_ends: str | None = None
) -> dict[str, ClusterAuthority]:
    opts = pulumi.ResourceOptions(providers=[tls.Provider("trust")])
    root = RootAuthority("trust", RootAuthorityArgs(plan, allow_replacement or []), opts)
    return {
        cluster: ClusterAuthority(
            cluster,
            ClusterAuthorityArgs(
                plan, cluster, root.certificate, root_ends or root.ends, root.private_key, allow_replacement
            ),
            opts,
        )
        for cluster in plan.clusters
    }


def value(output: pulumi.Output[dict[str, str]]) -> tuple[Mapping[str, str], bool]:
    """Return an output's value, and whether it is secret."""
    seen: list[tuple[Mapping[str, str], bool]] = []

    async def look() -> None:
        found = await output.future()
        assert found is not None
        seen.append((found, await output.is_secret()))

    asyncio.get_event_loop().run_until_complete(look())
    return seen[0]


def made(clouds: SimulatedClouds, plan: TrustPlan = PLAN) -> dict[str, Mapping[str, str]]:
    authorities = clouds.run(lambda: declare(plan))
    return {cluster: value(authority.cacerts)[0] for cluster, authority in authorities.items()}


def certificate(text: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(text.encode())


@pytest.fixture(scope="module", params=list(KeyAlgorithm))
def cacerts(request: pytest.FixtureRequest) -> dict[str, Mapping[str, str]]:
    """Both clusters' files, for each algorithm once: an RSA key takes its time."""
    with install() as clouds:
        return made(clouds, replace(PLAN, algorithm=request.param))


def openssl(directory: Path, *arguments: str) -> str:
    done = subprocess.run(["openssl", *arguments], cwd=directory, capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr


def written(directory: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (directory / name).write_text(text, encoding="utf-8")
    return directory


@needs_openssl
def test_openssl_accepts_every_chain_of_each_algorithm(cacerts: dict[str, Mapping[str, str]], tmp_path: Path) -> None:
    for files in cacerts.values():
        assert set(files) == FILES
        written(tmp_path, files)
        strictly = ("verify", "-x509_strict", "-CAfile", "root-cert.pem")
        assert openssl(tmp_path, *strictly, "ca-cert.pem") == "ca-cert.pem: OK\n"
        assert openssl(tmp_path, *strictly, "cert-chain.pem") == "cert-chain.pem: OK\n"
        assert openssl(tmp_path, *strictly, "root-cert.pem") == "root-cert.pem: OK\n"


@needs_openssl
def test_openssl_refuses_another_clusters_root(clouds: SimulatedClouds, tmp_path: Path) -> None:
    own = made(clouds)["shop"]
    with install() as others:
        written(tmp_path, {**own, "root-cert.pem": made(others)["shop"]["root-cert.pem"]})
    assert "error" in openssl(tmp_path, "verify", "-CAfile", "root-cert.pem", "ca-cert.pem")


@needs_openssl
def test_both_are_authorities_and_nothing_else(cacerts: dict[str, Mapping[str, str]], tmp_path: Path) -> None:
    for name in ("ca-cert.pem", "root-cert.pem"):
        text = openssl(written(tmp_path, cacerts["shop"]), "x509", "-in", name, "-noout", "-purpose", "-text")
        assert "SSL server CA : Yes" in text
        assert "SSL server : No" in text
        assert "SSL client : No" in text
        assert "X509v3 Basic Constraints: critical" in text
        assert "X509v3 Key Usage: critical\n                Certificate Sign, CRL Sign\n" in text


def test_the_chain_goes_from_the_intermediate_to_the_root(cacerts: dict[str, Mapping[str, str]]) -> None:
    for cluster, files in cacerts.items():
        chain = x509.load_pem_x509_certificates(files["cert-chain.pem"].encode())
        assert chain == [certificate(files["ca-cert.pem"]), certificate(files["root-cert.pem"])]
        assert [each.subject.rfc4514_string() for each in chain] == [
            f"CN={cluster},O=Example",
            "CN=Example root,O=Example",
        ]
    assert len({files["root-cert.pem"] for files in cacerts.values()}) == 1, "they share the root"
    assert len({files["ca-key.pem"] for files in cacerts.values()}) == len(cacerts), "and no key"


def test_each_key_is_its_certificates_own_and_of_the_algorithm(cacerts: dict[str, Mapping[str, str]]) -> None:
    for files in cacerts.values():
        key = serialization.load_pem_private_key(files["ca-key.pem"].encode(), None)
        assert key.public_key() == certificate(files["ca-cert.pem"]).public_key()
        kinds = {type(key), type(certificate(files["root-cert.pem"]).public_key())}
        if isinstance(key, rsa.RSAPrivateKey):
            assert key.key_size == 4096
        else:
            assert isinstance(key, ec.EllipticCurvePrivateKey)
            assert isinstance(key.curve, ec.SECP256R1)
        assert len({kind.__name__.replace("Private", "").replace("Public", "") for kind in kinds}) == 1


def test_the_root_lives_twenty_years_and_intermediates_ten(cacerts: dict[str, Mapping[str, str]]) -> None:
    lives = {"root-cert.pem": 20, "ca-cert.pem": 10}
    for name, years in lives.items():
        found = certificate(cacerts["shop"][name])
        start, end = found.not_valid_before_utc, found.not_valid_after_utc
        assert abs(end - start.replace(year=start.year + years)) <= timedelta(days=1)
    assert certificate(cacerts["shop"]["root-cert.pem"]).not_valid_after_utc > datetime.now(UTC)


def issued(name: str, issuer: x509.Certificate, signer: ec.EllipticCurvePrivateKey, *, authority: bool) -> str:
    """Issue a certificate for the signer's own key, as whoever got hold of an authority's could."""
    built = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer.subject)
        .public_key(signer.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(issuer.not_valid_before_utc)
        .not_valid_after(issuer.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
    )
    return built.sign(signer, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


@needs_openssl
def test_an_intermediate_cannot_make_further_authorities(clouds: SimulatedClouds, tmp_path: Path) -> None:
    """No path length of 0 stands in the intermediate, and the root's path length of 1 has the same effect."""
    files = made(clouds)["shop"]
    key = serialization.load_pem_private_key(files["ca-key.pem"].encode(), None)
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    intermediate = certificate(files["ca-cert.pem"])
    workload = issued("workload", intermediate, key, authority=False)
    further = issued("further", intermediate, key, authority=True)
    forged = issued("forged", certificate(further), key, authority=False)
    written(tmp_path, {**files, "workload": workload, "further": further, "forged": forged})
    command = ("verify", "-CAfile", "root-cert.pem", "-untrusted", "ca-cert.pem", "-untrusted", "further")
    assert openssl(tmp_path, *command, "workload") == "workload: OK\n"
    assert "path length constraint exceeded" in openssl(tmp_path, *command, "forged")


def test_keys_are_protected_until_their_replacement_is_wanted(clouds: SimulatedClouds) -> None:
    clouds.run(lambda: declare(PLAN))
    keys = {("PrivateKey", name) for name in ("trust", "shop", "warehouse")}
    protected = {(each.type.rpartition(":")[2], each.name) for each in clouds.registrations if each.protect}
    assert protected == {*keys, ("SelfSignedCert", "trust")}
    with install() as lifted:
        lifted.run(lambda: declare(PLAN, allow_replacement=["trust", "shop"]))
        assert {each.name for each in lifted.registrations if each.protect} == {"warehouse"}


def test_no_key_is_ever_in_clear(clouds: SimulatedClouds) -> None:
    authorities = clouds.run(lambda: declare(PLAN))
    keys = [str(each.outputs["privateKeyPem"]) for each in clouds.of_type("tls:index/privateKey:PrivateKey")]
    assert len(set(keys)) == 3
    for each in clouds.registrations:
        for name, text in {**each.inputs, **each.outputs}.items():
            if any(key in str(text) for key in keys):
                assert name in each.secrets, f"{each.urn} {name}"
    for authority in authorities.values():
        files, secret = value(authority.cacerts)
        assert files["ca-key.pem"] in keys
        assert secret


def test_every_resource_has_the_explicit_provider_and_a_component_as_parent(clouds: SimulatedClouds) -> None:
    clouds.run(lambda: declare(PLAN))
    (provider,) = clouds.of_type("pulumi:providers:tls")
    for each in clouds.registrations:
        if each.type.startswith("tls:"):
            assert each.provider.rpartition("::")[0] == provider.urn
            assert ":index:RootAuthority" in each.parent or ":index:ClusterAuthority" in each.parent


def test_names_in_the_state_are_stable(clouds: SimulatedClouds) -> None:
    clouds.run(lambda: declare(replace(PLAN, clusters=["shop"])))
    prefix = "urn:pulumi:test::hybridge::"
    found = [each.urn.removeprefix(prefix).removeprefix("pulumi:pulumi:Stack$") for each in clouds.registrations]
    assert sorted(found) == [
        "hybridge:index:ClusterAuthority$tls:index/certRequest:CertRequest::shop",
        "hybridge:index:ClusterAuthority$tls:index/locallySignedCert:LocallySignedCert::shop",
        "hybridge:index:ClusterAuthority$tls:index/privateKey:PrivateKey::shop",
        "hybridge:index:ClusterAuthority::shop",
        "hybridge:index:RootAuthority$tls:index/privateKey:PrivateKey::trust",
        "hybridge:index:RootAuthority$tls:index/selfSignedCert:SelfSignedCert::trust",
        "hybridge:index:RootAuthority::trust",
        "pulumi:providers:tls::trust",
    ]


def test_an_intermediate_is_renewed_in_the_last_tenth_of_its_life(clouds: SimulatedClouds) -> None:
    clouds.run(lambda: declare(PLAN))
    (root,) = clouds.of_type("tls:index/selfSignedCert:SelfSignedCert")
    assert "earlyRenewalHours" not in root.inputs, "a root that wanted renewal would block every update"
    for each in clouds.of_type("tls:index/locallySignedCert:LocallySignedCert"):
        assert each.inputs["earlyRenewalHours"] == 8766


def ask(clouds: SimulatedClouds, cluster: str) -> None:
    """Ask what the engine asks before it makes a cluster's certificate."""
    hook = clouds.hooks[f"{cluster}-within-its-root"]
    assert hook.opts is not None
    assert (hook.opts.on_dry_run, hook.opts.ignore_errors) == (True, False)
    asked = hook(pulumi.ResourceHookArgs("urn", "", cluster, "tls:index/locallySignedCert:LocallySignedCert"))
    assert asked is not None

    async def wait() -> None:
        await asked

    asyncio.get_event_loop().run_until_complete(wait())


def test_no_certificate_is_made_that_would_outlive_its_root(clouds: SimulatedClouds) -> None:
    now = datetime.now(UTC)
    in_time, too_late = (now + timedelta(hours=PLAN.intermediate_hours + hours) for hours in (1, -1))
    clouds.run(lambda: declare(PLAN, root_ends=in_time.isoformat()))
    ask(clouds, "shop")
    with install() as late:
        late.run(lambda: declare(PLAN, root_ends=too_late.isoformat()))
        with pytest.raises(
            OutlivesRootError, match=r"certificate of shop is to live 10 years, and its root ends in 10\.0"
        ):
            ask(late, "shop")


def test_a_root_that_ended_is_told_as_such(clouds: SimulatedClouds) -> None:
    clouds.run(lambda: declare(PLAN, root_ends="2020-01-01T00:00:00.123456789+01:00"))
    with pytest.raises(OutlivesRootError, match=r"ends in 0\.0, on 2020-01-01"):
        ask(clouds, "warehouse")


def test_a_root_that_is_yet_to_be_made_lives_as_planned() -> None:
    with install(preview=True) as previewed:
        previewed.run(lambda: declare(PLAN))
        ask(previewed, "shop")


def test_a_preview_knows_no_certificate() -> None:
    with install(preview=True) as previewed:
        authorities = previewed.run(lambda: declare(PLAN))
        known = [
            asyncio.get_event_loop().run_until_complete(authority.cacerts.is_known())
            for authority in authorities.values()
        ]
    assert known == [False, False]


def test_the_rehearsal_knows_what_a_change_of_every_property_means(clouds: SimulatedClouds) -> None:
    clouds.run(lambda: declare(PLAN))
    for each in clouds.registrations:
        if each.type.startswith("tls:"):
            for name in each.inputs:
                compare(each.type, each.inputs, {**each.inputs, name: UNKNOWN})


def test_nobody_is_warned_of_what_the_provider_leaves_out(clouds: SimulatedClouds) -> None:
    clouds.run(lambda: declare(PLAN))
    assert clouds.warnings == []


def test_both_are_components_of_the_package() -> None:
    analyzed: Any = Analyzer("hybridge").analyze([RootAuthority, ClusterAuthority])
    components = analyzed["component_definitions"]
    assert {name: set(found.outputs) for name, found in components.items()} == {
        "RootAuthority": {"certificate", "ends", "privateKey"},
        "ClusterAuthority": {"cacerts", "ends"},
    }
    assert components["ClusterAuthority"].inputs["plan"].plain is True
    assert components["ClusterAuthority"].inputs["rootPrivateKey"].plain is None
