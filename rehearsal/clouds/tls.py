"""The tls provider: real keys, certificate requests and certificates, made with `cryptography`.

What it makes is what the real provider would make, down to where that may surprise
(hashicorp/terraform-provider-tls, internal/provider/common_cert.go, common_key.go and resource_*.go, looked up
2026-11-22):

- A `maxPathLength` of 0 is not written into the certificate: the provider never sets the flag by which Go's
  x509 package tells 0 from "no limit". A warning says so.
- A certificate authority always gets a subject key identifier; the authority key identifier of a locally
  signed certificate is the signer's, where that has one.
- Keys on the curve P224 have no OpenSSH form and no fingerprints.

Keys and certificates do not change, so refreshing one only asks whether the ledger still has it.
"""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar, cast

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from rehearsal.clouds.checking import Failure
from rehearsal.clouds.ledger import Making
from rehearsal.clouds.tls_keys import (
    ALGORITHMS,
    CURVES,
    PublicKey,
    TlsError,
    algorithm_of,
    der,
    load_key,
    private_key,
    signing_hash,
)
from rehearsal.clouds.values import Properties, Value

PRIVATE_KEY: Final = "tls:index/privateKey:PrivateKey"
CERT_REQUEST: Final = "tls:index/certRequest:CertRequest"
SELF_SIGNED_CERT: Final = "tls:index/selfSignedCert:SelfSignedCert"
LOCALLY_SIGNED_CERT: Final = "tls:index/locallySignedCert:LocallySignedCert"


_Extension = TypeVar("_Extension", bound=x509.ExtensionType)

_KEY_USES: Final[Mapping[str, str]] = {
    "digital_signature": "digital_signature",
    "content_commitment": "content_commitment",
    "key_encipherment": "key_encipherment",
    "data_encipherment": "data_encipherment",
    "key_agreement": "key_agreement",
    "cert_signing": "key_cert_sign",
    "crl_signing": "crl_sign",
    "encipher_only": "encipher_only",
    "decipher_only": "decipher_only",
}
_EXTENDED_USES: Final[Mapping[str, ObjectIdentifier]] = {
    "any_extended": ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,
    "server_auth": ExtendedKeyUsageOID.SERVER_AUTH,
    "client_auth": ExtendedKeyUsageOID.CLIENT_AUTH,
    "code_signing": ExtendedKeyUsageOID.CODE_SIGNING,
    "email_protection": ExtendedKeyUsageOID.EMAIL_PROTECTION,
    "ipsec_end_system": ObjectIdentifier("1.3.6.1.5.5.7.3.5"),
    "ipsec_tunnel": ObjectIdentifier("1.3.6.1.5.5.7.3.6"),
    "ipsec_user": ObjectIdentifier("1.3.6.1.5.5.7.3.7"),
    "timestamping": ExtendedKeyUsageOID.TIME_STAMPING,
    "ocsp_signing": ExtendedKeyUsageOID.OCSP_SIGNING,
    "microsoft_server_gated_crypto": ObjectIdentifier("1.3.6.1.4.1.311.10.3.3"),
    "netscape_server_gated_crypto": ObjectIdentifier("2.16.840.1.113730.4.1"),
    "microsoft_commercial_code_signing": ObjectIdentifier("1.3.6.1.4.1.311.2.1.22"),
    "microsoft_kernel_code_signing": ObjectIdentifier("1.3.6.1.4.1.311.61.1.1"),
}
_SUBJECT: Final[tuple[tuple[str, ObjectIdentifier], ...]] = (
    ("country", NameOID.COUNTRY_NAME),
    ("organization", NameOID.ORGANIZATION_NAME),
    ("organizationalUnit", NameOID.ORGANIZATIONAL_UNIT_NAME),
    ("locality", NameOID.LOCALITY_NAME),
    ("province", NameOID.STATE_OR_PROVINCE_NAME),
    ("streetAddresses", NameOID.STREET_ADDRESS),
    ("postalCode", NameOID.POSTAL_CODE),
    ("commonName", NameOID.COMMON_NAME),
    ("serialNumber", NameOID.SERIAL_NUMBER),
    ("emailAddress", NameOID.EMAIL_ADDRESS),
)


def check(token: str, inputs: Properties) -> list[Failure]:
    """What the real provider refuses of well-typed inputs, such as an algorithm that there is not."""
    failures: list[Failure] = []
    for name, allowed in (("algorithm", ALGORITHMS), ("ecdsaCurve", tuple(CURVES))):
        given = inputs.get(name)
        if token == PRIVATE_KEY and isinstance(given, str) and given not in allowed:
            failures.append(Failure(name, f"must be one of {', '.join(allowed)}"))
    for index, use in enumerate(_texts(inputs, "allowedUses")):
        if use not in _KEY_USES and use not in _EXTENDED_USES:
            known = ", ".join(sorted([*_KEY_USES, *_EXTENDED_USES]))
            failures.append(Failure(f"allowedUses[{index}]", f"must be a use of a key; there are {known}"))
    for index, address in enumerate(_texts(inputs, "ipAddresses")):
        if _address(address) is None:
            failures.append(Failure(f"ipAddresses[{index}]", "must be an IP address"))
    least = {"validityPeriodHours": 0, "earlyRenewalHours": 0, "maxPathLength": -1}
    failures += [
        Failure(name, f"must be at least {limit}")
        for name, limit in least.items()
        if isinstance(given := inputs.get(name), int | float) and given < limit
    ]
    return failures


def warnings(inputs: Properties) -> list[str]:
    """What a person should know of these inputs that the real provider does not say."""
    if inputs.get("isCaCertificate") is True and inputs.get("maxPathLength") == 0:
        told = (
            "The tls provider does not write a maxPathLength of 0 into a certificate:"
            " this certificate authority will be able to sign further authorities."
        )
        return [told]
    return []


def make(token: str, inputs: Properties) -> Making | None:
    """A new key, request or certificate; None where this module does not know the type.

    Raises TlsError where the inputs hold no usable key, request or certificate.
    """
    maker = _MAKERS.get(token)
    if maker is None:
        return None
    id_, computed = maker(inputs)
    kept = {name: value for name, value in inputs.items() if value is not None}
    return Making(id_, {**computed, **kept})


def due_for_renewal(inputs: Properties, outputs: Properties, now: datetime) -> bool:
    """Whether the certificate in `outputs` is past the point from which `inputs` want it replaced."""
    end = outputs.get("validityEndTime")
    if not isinstance(end, str):
        return False
    return now >= datetime.fromisoformat(end) - timedelta(hours=_hours(inputs, "earlyRenewalHours"))


def _cert_request(inputs: Properties) -> tuple[str, dict[str, Value]]:
    key = load_key(inputs, "privateKeyPem")
    builder = x509.CertificateSigningRequestBuilder().subject_name(_subject(inputs))
    names = _names(inputs)
    if names is not None:
        builder = builder.add_extension(names, critical=not _has_subject(inputs))
    request = builder.sign(key, signing_hash(key))
    der = request.public_bytes(serialization.Encoding.DER)
    return hashlib.sha1(der, usedforsecurity=False).hexdigest(), {
        "keyAlgorithm": algorithm_of(key),
        "certRequestPem": request.public_bytes(serialization.Encoding.PEM).decode(),
    }


def _self_signed_cert(inputs: Properties) -> tuple[str, dict[str, Value]]:
    key = load_key(inputs, "privateKeyPem")
    public = key.public_key()
    if inputs.get("isCaCertificate") is True and not _has_subject(inputs):
        raise TlsError("subject: a certificate authority needs one (RFC 5280, section 4.1.2.6).")
    identified = _wants_subject_key(inputs)
    if inputs.get("setAuthorityKeyId") is True and not identified:
        raise TlsError("setAuthorityKeyId: needs setSubjectKeyId or isCaCertificate, as it repeats that identifier.")
    builder = _certificate(inputs, public).subject_name(_subject(inputs)).issuer_name(_subject(inputs))
    if inputs.get("setAuthorityKeyId") is True:
        builder = builder.add_extension(_authority(_subject_key(public)), critical=False)
    names = _names(inputs)
    if names is not None:
        builder = builder.add_extension(names, critical=not _has_subject(inputs))
    certificate = builder.sign(key, signing_hash(key))
    return _certificate_outputs(certificate, {"keyAlgorithm": algorithm_of(key)}, inputs)


def _locally_signed_cert(inputs: Properties) -> tuple[str, dict[str, Value]]:
    request = _load_request(inputs)
    key = load_key(inputs, "caPrivateKeyPem")
    authority = _load_certificate(inputs)
    if der(key.public_key()) != der(cast("PublicKey", authority.public_key())):
        raise TlsError("caPrivateKeyPem: this is not the key of the certificate in caCertPem.")
    if inputs.get("isCaCertificate") is True and not list(request.subject):
        raise TlsError("certRequestPem: a certificate authority needs a subject (RFC 5280, section 4.1.2.6).")
    public = cast("PublicKey", request.public_key())
    builder = _certificate(inputs, public).subject_name(request.subject).issuer_name(authority.subject)
    signer = _extension(authority, x509.SubjectKeyIdentifier)
    if signer is not None and authority.subject != request.subject:
        builder = builder.add_extension(_authority(signer), critical=False)
    names = _extension(request, x509.SubjectAlternativeName)
    if names is not None:
        builder = builder.add_extension(names, critical=not list(request.subject))
    certificate = builder.sign(key, signing_hash(key))
    return _certificate_outputs(certificate, {"caKeyAlgorithm": algorithm_of(key)}, inputs)


def _certificate(inputs: Properties, public: PublicKey) -> x509.CertificateBuilder:
    """What self-signed and locally signed certificates have in common."""
    start = datetime.now(UTC).replace(microsecond=0)
    authority = inputs.get("isCaCertificate") is True
    length = inputs.get("maxPathLength")
    limit = int(length) if isinstance(length, int | float) and length > 0 else None
    if limit is not None and not authority:
        raise TlsError("maxPathLength: only a certificate authority can have one; set isCaCertificate or leave it out.")
    builder = (
        x509.CertificateBuilder()
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(hours=_hours(inputs, "validityPeriodHours")))
        .add_extension(x509.BasicConstraints(ca=authority, path_length=limit), critical=True)
    )
    uses = _texts(inputs, "allowedUses")
    if any(use in _KEY_USES for use in uses):
        builder = builder.add_extension(_key_usage(uses), critical=True)
    extended = [_EXTENDED_USES[use] for use in uses if use in _EXTENDED_USES]
    if extended:
        builder = builder.add_extension(x509.ExtendedKeyUsage(extended), critical=False)
    if _wants_subject_key(inputs):
        builder = builder.add_extension(_subject_key(public), critical=False)
    return builder


def _key_usage(uses: list[str]) -> x509.KeyUsage:
    chosen = {flag: use in uses for use, flag in _KEY_USES.items()}
    if not chosen["key_agreement"] and (chosen["encipher_only"] or chosen["decipher_only"]):
        raise TlsError("allowedUses: encipher_only and decipher_only mean nothing without key_agreement.")
    return x509.KeyUsage(**chosen)


def _certificate_outputs(
    certificate: x509.Certificate, algorithm: dict[str, Value], inputs: Properties
) -> tuple[str, dict[str, Value]]:
    switches = ("isCaCertificate", "setSubjectKeyId") + (("setAuthorityKeyId",) if "privateKeyPem" in inputs else ())
    return str(certificate.serial_number), {
        **algorithm,
        **dict.fromkeys(switches, False),
        "earlyRenewalHours": 0.0,
        "certPem": certificate.public_bytes(serialization.Encoding.PEM).decode(),
        "readyForRenewal": False,
        "validityStartTime": _instant(certificate.not_valid_before_utc),
        "validityEndTime": _instant(certificate.not_valid_after_utc),
    }


def _subject(inputs: Properties) -> x509.Name:
    given = inputs.get("subject")
    subject = given if isinstance(given, dict) else {}
    attributes: list[x509.NameAttribute[str]] = []
    for name, identifier in _SUBJECT:
        value = subject.get(name)
        texts = value if isinstance(value, list) else [value]
        try:
            attributes += [x509.NameAttribute(identifier, text) for text in texts if isinstance(text, str) and text]
        except ValueError as error:
            raise TlsError(f"subject.{name}: this text has not the length or form that X.509 wants.") from error
    return x509.Name(attributes)


def _has_subject(inputs: Properties) -> bool:
    return bool(list(_subject(inputs)))


def _names(inputs: Properties) -> x509.SubjectAlternativeName | None:
    try:
        names: list[x509.GeneralName] = [x509.DNSName(name) for name in _texts(inputs, "dnsNames")]
        addresses = [_address(text) for text in _texts(inputs, "ipAddresses")]
        names += [x509.IPAddress(address) for address in addresses if address is not None]
        names += [x509.UniformResourceIdentifier(uri) for uri in _texts(inputs, "uris")]
    except ValueError as error:
        raise TlsError(
            "dnsNames, uris: names in a certificate are ASCII; write others in their A-label form."
        ) from error
    return x509.SubjectAlternativeName(names) if names else None


def _wants_subject_key(inputs: Properties) -> bool:
    return inputs.get("setSubjectKeyId") is True or inputs.get("isCaCertificate") is True


def _subject_key(public: PublicKey) -> x509.SubjectKeyIdentifier:
    if isinstance(public, ed25519.Ed25519PublicKey):
        # The provider hashes an Ed25519 key with its DER header, where RFC 5280 would hash the key alone.
        encoded = b"\x04\x20" + public.public_bytes_raw()
        return x509.SubjectKeyIdentifier(hashlib.sha1(encoded, usedforsecurity=False).digest())
    return x509.SubjectKeyIdentifier.from_public_key(public)


def _authority(signer: x509.SubjectKeyIdentifier) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(signer)


def _extension(found: x509.Certificate | x509.CertificateSigningRequest, kind: type[_Extension]) -> _Extension | None:
    try:
        return found.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _load_request(inputs: Properties) -> x509.CertificateSigningRequest:
    try:
        request = x509.load_pem_x509_csr(str(inputs.get("certRequestPem")).encode())
    except ValueError as error:
        raise TlsError(
            "certRequestPem: this is no certificate request in PEM form; give it the output of a CertRequest."
        ) from error
    return request


def _load_certificate(inputs: Properties) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(str(inputs.get("caCertPem")).encode())
    except ValueError as error:
        raise TlsError("caCertPem: this is no certificate in PEM form.") from error


def _texts(inputs: Properties, name: str) -> list[str]:
    given = inputs.get(name)
    return [text for text in given if isinstance(text, str)] if isinstance(given, list) else []


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _hours(inputs: Properties, name: str) -> int:
    given = inputs.get(name)
    return int(given) if isinstance(given, int | float) else 0


def _instant(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


_MAKERS: Final[Mapping[str, Callable[[Properties], tuple[str, dict[str, Value]]]]] = {
    PRIVATE_KEY: private_key,
    CERT_REQUEST: _cert_request,
    SELF_SIGNED_CERT: _self_signed_cert,
    LOCALLY_SIGNED_CERT: _locally_signed_cert,
}
