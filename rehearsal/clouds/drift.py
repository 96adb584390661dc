"""Changes that a real provider finds in an object although nobody asked for one."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Final

from rehearsal.clouds import tls
from rehearsal.clouds.differences import Change, Kind
from rehearsal.clouds.values import Properties

_INSTANCE: Final = "aws:ec2/instance:Instance"


def drift(token: str, inputs: Properties, outputs: Properties, ignored: Collection[str]) -> Iterator[Change]:
    """Find them.

    `inputs` are those of now, `outputs` what the state knows, `ignored` the properties whose changes the program
    does not want to see.
    """
    if token.startswith("tls:") and tls.due_for_renewal(inputs, outputs, datetime.now(UTC)):
        yield Change(("readyForRenewal",), Kind.CHANGED, replaces=True)
    if token == _INSTANCE and "sourceDestCheck" not in ignored and _loses_its_forwarding(inputs, outputs):
        yield Change(("sourceDestCheck",), Kind.CHANGED, replaces=False)


def _loses_its_forwarding(inputs: Properties, outputs: Properties) -> bool:
    """Tell whether the provider would switch an interface's check of addresses on again.

    It reads the check of an instance's primary interface, and holds it against `true` where the instance says nothing,
    as one with an interface of its own has to: hashicorp/terraform-provider-aws issues/44768, open on 2026-11-25.
    """
    own = inputs.get("primaryNetworkInterface") is not None and inputs.get("sourceDestCheck") is None
    return own and outputs.get("sourceDestCheck") is False
