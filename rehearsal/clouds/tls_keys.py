"""Keys of the tls provider: made, read and described as the real provider does it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Final, TypeAlias

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from rehearsal.clouds.values import Properties, Value

GET_PUBLIC_KEY: Final = "tls:index/getPublicKey:getPublicKey"

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
PublicKey: TypeAlias = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey

CURVES: Final[Mapping[str, type[ec.EllipticCurve]]] = {
    "P224": ec.SECP224R1,
    "P256": ec.SECP256R1,
    "P384": ec.SECP384R1,
    "P521": ec.SECP521R1,
}
ALGORITHMS: Final = ("RSA", "ECDSA", "ED25519")
_DEFAULT_BITS: Final = 2048
_DEFAULT_CURVE: Final = "P224"


class TlsError(Exception):
    """What was given makes no key or certificate; the message names the property and what is the matter."""


def get_public_key(arguments: Properties) -> dict[str, Value]:
    """The answer to `tls.getPublicKey`.

    Raises TlsError where neither or both of the private keys are given, or the one given is none.
    """
    given = [name for name in ("privateKeyPem", "privateKeyOpenssh") if arguments.get(name)]
    if len(given) != 1:
        raise TlsError("Give tls.getPublicKey exactly one of privateKeyPem and privateKeyOpenssh.")
    key = load_key(arguments, given[0])
    public = public_outputs(key.public_key())
    return {
        "id": key_id(key.public_key()),
        "algorithm": algorithm_of(key),
        **public,
        given[0]: arguments[given[0]],
    }


def private_key(inputs: Properties) -> tuple[str, dict[str, Value]]:
    """The identifier and the outputs of a new key."""
    bits = inputs.get("rsaBits")
    size = int(bits) if isinstance(bits, int | float) else _DEFAULT_BITS
    curve = str(inputs.get("ecdsaCurve") or _DEFAULT_CURVE)
    key = _generate(str(inputs.get("algorithm")), size, curve)
    # Ed25519 has no other form than PKCS#8; Go writes the older forms for the others.
    older = serialization.PrivateFormat.TraditionalOpenSSL
    legacy = serialization.PrivateFormat.PKCS8 if isinstance(key, ed25519.Ed25519PrivateKey) else older
    return key_id(key.public_key()), {
        "rsaBits": float(size),
        "ecdsaCurve": curve,
        "privateKeyPem": _private_text(key, legacy),
        "privateKeyPemPkcs8": _private_text(key, serialization.PrivateFormat.PKCS8),
        "privateKeyOpenssh": _openssh_private_text(key),
        **public_outputs(key.public_key()),
    }


def load_key(inputs: Properties, name: str) -> PrivateKey:
    """The private key in an input. Raises TlsError where it is none."""
    text = str(inputs.get(name)).encode()
    loader = serialization.load_pem_private_key
    if name == "privateKeyOpenssh":
        loader = serialization.load_ssh_private_key
    try:
        key = loader(text, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise TlsError(
            f"{name}: this is no unencrypted private key in PEM form; give it the output of a PrivateKey."
        ) from error
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        raise TlsError(f"{name}: keys are of the algorithms {', '.join(ALGORITHMS)}; this is another one's.")
    return key


def public_outputs(public: PublicKey) -> dict[str, Value]:
    """What a resource tells of a public key: PEM, OpenSSH and fingerprints."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    outputs: dict[str, Value] = {
        "publicKeyPem": public.public_bytes(serialization.Encoding.PEM, form).decode(),
        "publicKeyOpenssh": "",
        "publicKeyFingerprintMd5": "",
        "publicKeyFingerprintSha256": "",
    }
    if not _no_openssh(public):
        line = public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
        blob = base64.b64decode(line.split()[1])
        sha256 = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
        outputs["publicKeyOpenssh"] = line + "\n"
        outputs["publicKeyFingerprintMd5"] = hashlib.md5(blob, usedforsecurity=False).digest().hex(":")
        outputs["publicKeyFingerprintSha256"] = f"SHA256:{sha256}"
    return outputs


def key_id(public: PublicKey) -> str:
    """The identifier of a key: the SHA-1 of its public half."""
    return hashlib.sha1(der(public), usedforsecurity=False).hexdigest()


def algorithm_of(key: PrivateKey) -> str:
    """The name of a key's algorithm."""
    if isinstance(key, rsa.RSAPrivateKey):
        return "RSA"
    return "ECDSA" if isinstance(key, ec.EllipticCurvePrivateKey) else "ED25519"


def signing_hash(key: PrivateKey) -> hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None:
    """The hash that Go's x509 package signs with."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return None
    if isinstance(key, ec.EllipticCurvePrivateKey):
        if isinstance(key.curve, ec.SECP384R1):
            return hashes.SHA384()
        if isinstance(key.curve, ec.SECP521R1):
            return hashes.SHA512()
    return hashes.SHA256()


def _generate(algorithm: str, bits: int, curve: str) -> PrivateKey:
    if algorithm == "RSA":
        try:
            return rsa.generate_private_key(public_exponent=65537, key_size=bits)
        except ValueError as error:
            raise TlsError("rsaBits: an RSA key of so few bits cannot be made; take 2048 or more.") from error
    if algorithm == "ECDSA":
        return ec.generate_private_key(CURVES[curve]())
    if algorithm == "ED25519":
        return ed25519.Ed25519PrivateKey.generate()
    raise TlsError(f"algorithm: must be one of {', '.join(ALGORITHMS)}.")


def _private_text(key: PrivateKey, form: serialization.PrivateFormat) -> str:
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def _openssh_private_text(key: PrivateKey) -> str:
    return "" if _no_openssh(key.public_key()) else _private_text(key, serialization.PrivateFormat.OpenSSH)


def _no_openssh(public: PublicKey) -> bool:
    return isinstance(public, ec.EllipticCurvePublicKey) and isinstance(public.curve, ec.SECP224R1)


def der(public: PublicKey) -> bytes:
    """A public key as SubjectPublicKeyInfo in DER."""
    return public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
