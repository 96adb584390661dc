"""Guards what both ends of a tunnel have to agree on: one tunnel of a link changes at a time, while its twin is up.

From the update on, the tunnel is down until the gateway has its new files too, so another one has to carry the traffic
meanwhile. The engine knows the inputs of before and after, and asks here before it updates a connection.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from hybridge.protection import is_protected

_NUMBERS: Final = (1, 2)
"""The tunnels of a connection."""
_KEY: Final = "PresharedKey"
_SUITE: Final = (
    "IkeVersions",
    "Phase1EncryptionAlgorithms",
    "Phase1IntegrityAlgorithms",
    "Phase1DhGroupNumbers",
    "Phase2EncryptionAlgorithms",
    "Phase2IntegrityAlgorithms",
    "Phase2DhGroupNumbers",
)
"""What, beside the key, keeps a tunnel down while one end alone has it. Each end has lifetimes, timers and logs of its
own: AWS interrupts a tunnel for a change of those as well, but takes one tunnel of a connection after the other, and
the gateway brings each back by itself."""
_UP: Final = "UP"


class KeyChangeRefusedError(Exception):
    """A change would leave a gateway without any tunnel; the message says which and what to do."""


class KeyRotation:
    """What the engine asks before it updates the connections of one link, in a preview too.

    A tunnel counts as up when AWS says so. A connection whose name is in `allow_replacement` is let through, as that is
    how one whose tunnels are all down is mended, or how a link gets another suite.
    """

    def __init__(self, link: str, component: pulumi.Resource, allow_replacement: Sequence[str] | None = None) -> None:
        """Register the hook of `link`.

        :param link: the link's name
        :param component: what the connections belong to; its provider is asked for the state of tunnels
        :param allow_replacement: names of connections that may be out of service now
        """
        self._link = link
        self._component = component
        self._allowed = allow_replacement
        self._changing: list[str] = []
        hook = pulumi.ResourceHook(
            f"{link}-one-tunnel-at-a-time", self.check, pulumi.ResourceHookOptions(on_dry_run=True)
        )
        self.hooks = pulumi.ResourceHookBinding(before_update=[hook])
        """What each connection of the link is bound to."""

    async def check(self, args: pulumi.ResourceHookArgs) -> None:
        """Refuse an update of a connection that would take its gateway's tunnels away.

        :raises KeyChangeRefusedError: where it would
        """
        if not is_protected(args.name, self._allowed):
            return
        old, new = args.old_inputs or {}, args.new_inputs or {}
        suites = [
            number
            for number in _NUMBERS
            if any([await _changes(old, new, f"tunnel{number}{option}") for option in _SUITE])
        ]
        if len(suites) > 1:
            raise KeyChangeRefusedError(
                f"Both tunnels of {args.name} would change their suite in one update, and are down until the gateway "
                "has its new files. Choose a time when the connection may be down, and put its name into "
                "`allow_replacement` for that update."
            )
        changing = [
            number for number in _NUMBERS if number in suites or await _changes(old, new, f"tunnel{number}{_KEY}")
        ]
        if not changing:
            return
        self._changing += [f"{args.name}-{number}" for number in changing]
        if len(self._changing) > 1:
            raise KeyChangeRefusedError(
                f"The keys of {' and '.join(self._changing)} would change in one update of link {self._link}, and each "
                "tunnel is down until its gateway has the new key. Take the stack file and the address book back to "
                "what the last update had, change one of them, and the next one when that tunnel is up again."
            )
        (number,) = changing
        await self._check_twin(args, number)

    async def _check_twin(self, args: pulumi.ResourceHookArgs, number: int) -> None:
        (twin,) = (other for other in _NUMBERS if other != number)
        up = await self._up(args.id)
        if (args.old_outputs or {}).get(f"tunnel{twin}Address") not in up:
            raise KeyChangeRefusedError(
                f"The key or the suite of {args.name}-{number} does not change while its twin {args.name}-{twin} is "
                "down, as the connection would have no tunnel left until the gateway has its new files. Bring the "
                f"twin up first; or, where both are down and this is to mend it, put {args.name} into "
                "`allow_replacement` meanwhile."
            )

    async def _up(self, connection: str) -> set[str]:
        """Return AWS's outside addresses of a connection's tunnels that are up."""
        asked = aws.ec2.get_vpn_connection_output(
            vpn_connection_id=connection, opts=pulumi.InvokeOutputOptions(parent=self._component)
        )
        telemetries: list[aws.ec2.outputs.GetVpnConnectionVgwTelemetryResult] = (
            await asked.vgw_telemetries.future() or []
        )
        return {telemetry.outside_ip_address for telemetry in telemetries if telemetry.status == _UP}


async def _changes(old: Mapping[str, Any], new: Mapping[str, Any], name: str) -> bool:
    """Tell whether an input becomes another one; one that a preview cannot know does."""
    after = pulumi.Output.from_input(new.get(name))
    if not await after.is_known():
        return True
    return await after.future() != await pulumi.Output.from_input(old.get(name)).future()
