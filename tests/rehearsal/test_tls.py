"""The simulated tls provider makes what OpenSSL accepts and what the real provider makes."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization

from rehearsal.clouds import tls, tls_keys
from rehearsal.clouds.values import Value

SUBJECT: dict[str, Value] = {
    "commonName": "root",
    "organization": "Example",
    "country": "DE",
    "streetAddresses": ["A 1", "B 2"],
}


def key(algorithm: str = "ECDSA", **inputs: Value) -> dict[str, Value]:
    made = tls.make(tls.PRIVATE_KEY, {"algorithm": algorithm, **inputs})
    assert made is not None
    return made.outputs


def root(signing: dict[str, Value], **inputs: Value) -> dict[str, Value]:
    made = tls.make(
        tls.SELF_SIGNED_CERT,
        {
            "privateKeyPem": signing["privateKeyPem"],
            "subject": SUBJECT,
            "isCaCertificate": True,
            "validityPeriodHours": 24.0,
            "allowedUses": ["cert_signing", "crl_signing", "digital_signature"],
            **inputs,
        },
    )
    assert made is not None
    return made.outputs


def signed(
    authority: dict[str, Value], signing: dict[str, Value], subject: dict[str, Value], **inputs: Value
) -> dict[str, Value]:
    owner = key(ecdsaCurve="P256")
    request = tls.make(
        tls.CERT_REQUEST,
        {
            "privateKeyPem": owner["privateKeyPem"],
            "subject": subject,
            "dnsNames": ["gateway.example"],
            "ipAddresses": ["203.0.113.10", "2001:db8::1"],
            "uris": ["spiffe://example/gateway"],
        },
    )
    assert request is not None
    made = tls.make(
        tls.LOCALLY_SIGNED_CERT,
        {
            "certRequestPem": request.outputs["certRequestPem"],
            "caCertPem": authority["certPem"],
            "caPrivateKeyPem": signing["privateKeyPem"],
            "validityPeriodHours": 12.0,
            "allowedUses": ["server_auth", "ipsec_tunnel", "digital_signature"],
            **inputs,
        },
    )
    assert made is not None
    return {**made.outputs, "key": owner["privateKeyPem"]}


def certificate(outputs: dict[str, Value]) -> x509.Certificate:
    return x509.load_pem_x509_certificate(str(outputs["certPem"]).encode())


@pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl on this machine")
@pytest.mark.parametrize(
    "inputs", [{"algorithm": "RSA"}, {"algorithm": "ECDSA", "ecdsaCurve": "P384"}, {"algorithm": "ED25519"}]
)
def test_openssl_verifies_a_chain_of_three(tmp_path: Path, inputs: dict[str, str]) -> None:
    top = key(**inputs)
    authority = root(top)
    middle = signed(
        authority,
        top,
        {"commonName": "intermediate"},
        isCaCertificate=True,
        allowedUses=["cert_signing"],
        maxPathLength=1.0,
    )
    leaf = signed(middle, {"privateKeyPem": middle["key"]}, {"commonName": "gateway"})
    for name, outputs in {"root": authority, "middle": middle, "leaf": leaf}.items():
        (tmp_path / name).write_text(str(outputs["certPem"]))
    command = ["openssl", "verify", "-x509_strict", "-CAfile", "root", "-untrusted", "middle", "leaf"]
    verified = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert verified.stdout.strip() == "leaf: OK", verified.stderr


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="no ssh-keygen on this machine")
@pytest.mark.parametrize(
    "inputs", [{"algorithm": "RSA"}, {"algorithm": "ECDSA", "ecdsaCurve": "P521"}, {"algorithm": "ED25519"}]
)
def test_ssh_keygen_finds_the_same_fingerprints(tmp_path: Path, inputs: dict[str, str]) -> None:
    made = key(**inputs)
    file = tmp_path / "key"
    file.write_text(str(made["privateKeyOpenssh"]))
    file.chmod(0o600)
    shown = subprocess.run(["ssh-keygen", "-y", "-f", str(file)], capture_output=True, text=True, check=True)
    assert shown.stdout.split()[:2] == str(made["publicKeyOpenssh"]).split()[:2]
    for algorithm, name in (("md5", "publicKeyFingerprintMd5"), ("sha256", "publicKeyFingerprintSha256")):
        listed = subprocess.run(
            ["ssh-keygen", "-l", "-E", algorithm, "-f", str(file)], capture_output=True, text=True, check=True
        )
        assert listed.stdout.split()[1].removeprefix("MD5:") == made[name]


def test_keys_come_in_the_forms_that_the_real_provider_writes() -> None:
    begins = {
        "RSA": "-----BEGIN RSA PRIVATE KEY",
        "ECDSA": "-----BEGIN EC PRIVATE KEY",
        "ED25519": "-----BEGIN PRIVATE KEY",
    }
    for algorithm, begin in begins.items():
        made = key(algorithm, ecdsaCurve="P256")
        assert str(made["privateKeyPem"]).startswith(begin)
        assert str(made["privateKeyPemPkcs8"]).startswith("-----BEGIN PRIVATE KEY")
        loaded = serialization.load_pem_private_key(str(made["privateKeyPemPkcs8"]).encode(), None)
        spki = loaded.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        assert spki.decode() == made["publicKeyPem"]


def test_a_curve_that_openssh_does_not_know_has_no_openssh_form() -> None:
    made = key()
    assert made["ecdsaCurve"] == "P224"
    assert {made[name] for name in ("privateKeyOpenssh", "publicKeyOpenssh", "publicKeyFingerprintSha256")} == {""}


def test_no_two_keys_are_alike() -> None:
    assert key()["privateKeyPem"] != key()["privateKeyPem"]


def test_a_certificate_says_what_was_asked() -> None:
    top = key(ecdsaCurve="P256")
    authority = root(top)
    leaf = certificate(signed(authority, top, {"commonName": "gateway"}))
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["gateway.example"]
    assert [str(each) for each in names.get_values_for_type(x509.IPAddress)] == ["203.0.113.10", "2001:db8::1"]
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["spiffe://example/gateway"]
    uses = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [each.dotted_string for each in uses] == ["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.6"]
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc == timedelta(hours=12)
    assert leaf.issuer == certificate(authority).subject
    signer = leaf.extensions.get_extension_for_class(x509.AuthorityKeyIdentifier).value.key_identifier
    assert signer == certificate(authority).extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest


def test_a_path_length_of_zero_is_lost_as_in_the_real_provider_and_a_person_is_told() -> None:
    made = certificate(root(key(), maxPathLength=0.0))
    assert made.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length is None
    assert "maxPathLength of 0" in tls.warnings({"isCaCertificate": True, "maxPathLength": 0.0})[0]
    assert tls.warnings({"isCaCertificate": True, "maxPathLength": 1.0}) == []


def test_a_certificate_is_due_before_its_end_by_the_hours_that_were_asked() -> None:
    authority = root(key())
    now = datetime.now(UTC)
    assert not tls.due_for_renewal({}, authority, now)
    assert tls.due_for_renewal({"earlyRenewalHours": 2.0}, authority, now + timedelta(hours=23))
    assert tls.due_for_renewal({}, authority, now + timedelta(hours=25))


@pytest.mark.parametrize("name", ["caPrivateKeyPem", "caCertPem", "certRequestPem"])
def test_text_that_is_no_pem_is_named_by_its_property_and_never_quoted(name: str) -> None:
    top = key(ecdsaCurve="P256")
    with pytest.raises(tls_keys.TlsError) as told:
        signed(root(top), top, {"commonName": "x"}, **{name: "geheim"})
    assert str(told.value).startswith(name)
    assert "geheim" not in str(told.value)


def test_a_key_must_belong_to_its_certificate() -> None:
    with pytest.raises(tls_keys.TlsError, match="not the key of the certificate"):
        signed(root(key()), key(), {"commonName": "x"})


def test_what_the_real_provider_would_refuse_is_refused_by_path() -> None:
    found = tls.check(
        tls.LOCALLY_SIGNED_CERT,
        {"allowedUses": ["server_auth", "cooking"], "validityPeriodHours": -1.0, "ipAddresses": ["10.0.0.256"]},
    )
    assert [each.path for each in found] == ["allowedUses[1]", "ipAddresses[0]", "validityPeriodHours"]
    assert [each.path for each in tls.check(tls.PRIVATE_KEY, {"algorithm": "X25519", "ecdsaCurve": "P256"})] == [
        "algorithm"
    ]


def test_a_public_key_is_read_off_either_form_of_its_private_key() -> None:
    made = key("ED25519")
    for name in ("privateKeyPem", "privateKeyOpenssh"):
        assert tls_keys.get_public_key({name: made[name]})["publicKeyOpenssh"] == made["publicKeyOpenssh"]
    with pytest.raises(tls_keys.TlsError, match="exactly one"):
        tls_keys.get_public_key({})


def test_no_refusal_quotes_what_was_given() -> None:
    found = tls.check(tls.PRIVATE_KEY, {"algorithm": "geheim", "allowedUses": ["geheim"], "ipAddresses": ["geheim"]})
    assert {each.path for each in found} == {"algorithm", "allowedUses[0]", "ipAddresses[0]"}
    assert "geheim" not in str([each.reason for each in found])
    key = tls.make(tls.PRIVATE_KEY, {"algorithm": "ED25519"}).outputs["privateKeyPem"]
    for wrong in ({"subject": {"country": "geheim"}}, {"dnsNames": ["geheim-ü"]}):
        with pytest.raises(tls_keys.TlsError) as told:
            tls.make(tls.CERT_REQUEST, {"privateKeyPem": key, **wrong})
        assert "geheim" not in str(told.value)
    with pytest.raises(tls_keys.TlsError) as told:
        tls.make(tls.PRIVATE_KEY, {"algorithm": "geheim"})
    assert "geheim" not in str(told.value)
