"""Keys that authorities sign with."""

from __future__ import annotations

import pulumi
import pulumi_tls as tls

from hybridge.planning.trust_model import KeyAlgorithm


def private_key(name: str, algorithm: KeyAlgorithm, opts: pulumi.ResourceOptions) -> tls.PrivateKey:
    """Declare a key; it is a secret of the state."""
    if algorithm is KeyAlgorithm.ECDSA_P256:
        return tls.PrivateKey(name, algorithm="ECDSA", ecdsa_curve="P256", opts=opts)
    return tls.PrivateKey(name, algorithm="RSA", rsa_bits=4096, opts=opts)
