"""WireGuard's keys, from random text that a provider keeps as a secret (docs/adr/0010-wireguard-keys.md)."""

from __future__ import annotations

import base64
import hashlib

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey


def private_key(text: str) -> str:
    """Return the private key that follows from random text, as `wg genkey` writes one.

    SHA-256 makes 32 bytes of it, and the bits that X25519 fixes are set (RFC 7748, section 5), so that every program
    shows the same key.

    :param text: at least 256 bits of randomness
    """
    scalar = bytearray(hashlib.sha256(text.encode()).digest())
    scalar[0] &= 0b1111_1000
    scalar[31] = scalar[31] & 0b0111_1111 | 0b0100_0000
    return base64.b64encode(scalar).decode()


def public_key(private: str) -> str:
    """Return the public key of a private one, as `wg pubkey` does."""
    pair = X25519PrivateKey.from_private_bytes(base64.b64decode(private))
    return base64.b64encode(pair.public_key().public_bytes_raw()).decode()
