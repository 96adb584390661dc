"""The datacentre's half of a WireGuard link: the keys of both ends.

AWS's half is `wireguard_aws`; both are made from one plan, so they cannot disagree.
"""

from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_random as random

from hybridge.planning.wireguard_model import WireguardPlan
from hybridge.protection import is_protected

from .wireguard_keys import private_key, public_key

_CHARACTERS: Final = 48
"""Random characters behind a key: 62^48 is beyond 2^285."""


@dataclass
class OnpremWireguardArgs:
    """What the datacentre's half of the link is made of."""

    plan: WireguardPlan
    """The link."""
    allow_replacement: list[str] | None = None
    """Names of keys that may be replaced now."""


class OnpremWireguard(pulumi.ComponentResource):
    """A key pair for each gateway of the link, on-premises and in the cloud, from the provider `random`.

    A gateway that keeps its private key to itself has none here, and its public key is the one that it gave. Random
    text is kept in the state as a secret; the keys follow from it. They are protected: whoever replaces one has to
    change every peer.
    """

    private_keys: pulumi.Output[dict[str, str]]
    """The private key of each gateway that has it made here, by the gateway's name in the link; secret."""
    public_keys: pulumi.Output[dict[str, str]]
    """The public key of each gateway, by its name in the link."""

    def __init__(self, name: str, args: OnpremWireguardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("hybridge:index:OnpremWireguard", name, {}, opts)
        self._allow_replacement = args.allow_replacement
        made = pulumi.Output.secret(
            pulumi.Output.all(**{gateway: self._text(gateway).result for gateway in args.plan.made_keys})
        )
        given = {gateway.name: gateway.public_key for gateway in args.plan.gateways if gateway.public_key}
        self.private_keys = made.apply(_private_keys)
        # A public key is no secret, whatever it was computed from.
        self.public_keys = pulumi.Output.unsecret(self.private_keys.apply(lambda keys: given | _public_keys(keys)))
        self.register_outputs({"private_keys": self.private_keys, "public_keys": self.public_keys})

    def _text(self, gateway: str) -> random.RandomPassword:
        protected = is_protected(gateway, self._allow_replacement)
        return random.RandomPassword(
            gateway,
            length=_CHARACTERS,
            special=False,
            opts=pulumi.ResourceOptions(parent=self, protect=protected),
        )


def _private_keys(texts: dict[str, str]) -> dict[str, str]:
    return {gateway: private_key(text) for gateway, text in texts.items()}


def _public_keys(keys: dict[str, str]) -> dict[str, str]:
    return {gateway: public_key(key) for gateway, key in keys.items()}
