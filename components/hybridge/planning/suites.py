"""The one IPsec suite that every tunnel is pinned to, in the words of each end."""

from dataclasses import dataclass


@dataclass(frozen=True)
class IpsecSuite:
    """Algorithms of both phases, none of them negotiable.

    AES-256-GCM with SHA-384 and the 384-bit ECP group is the suite of RFC 6379 (Suite-B-GCM-256) without its
    certificates; AWS, Azure and Google Cloud all offer AES-256-GCM and group 20.
    """

    encryption: str = "AES256-GCM-16"
    """Encryption of both phases in AWS's words; GCM authenticates too."""
    integrity: str = "SHA2-384"
    """Pseudo-random function of phase 1; phase 2 has GCM's own integrity, but AWS wants a value there as well."""
    dh_group: int = 20
    """Diffie-Hellman group of both phases, so that every rekeying has forward secrecy: 20 is ECP-384 (RFC 5903)."""
    ike_version: int = 2
    """IKE version; version 1 is never accepted."""
    ike_proposal: str = "aes256gcm16-prfsha384-ecp384"
    """Phase 1 in strongSwan's words."""
    esp_proposal: str = "aes256gcm16-ecp384"
    """Phase 2 in strongSwan's words."""

    @property
    def summary(self) -> str:
        """The suite in a few words, for reports."""
        return "IKEv2 AES-256-GCM SHA-384 DH 20"
