"""Guards the rotation of pre-shared keys: one tunnel of a link at a time, and never the last one that is up.

From the update on, the tunnel is down until the gateway has the new key too, so another tunnel has to carry the traffic
meanwhile. The engine knows the keys of before and after, and asks here before it updates a connection.
"""

from collections.abc import Mapping
from typing import Any, Final

import pulumi
import pulumi_aws as aws

_NUMBERS: Final = (1, 2)
"""The tunnels of a connection."""
_UP: Final = "UP"


class KeyChangeRefusedError(Exception):
    """A change of keys would leave a gateway without any tunnel; the message says which and what to do."""


class KeyRotation:
    """What the engine asks before it updates the connections of one link, in a preview too.

    A tunnel counts as up when AWS says so. One that is down itself may get another key whatever its twin does: that
    takes nothing away, and may be what mends it.
    """

    def __init__(self, link: str, component: pulumi.Resource) -> None:
        """Register the hook of `link`.

        :param link: the link's name
        :param component: what the connections belong to; its provider is asked for the state of tunnels
        """
        self._link = link
        self._component = component
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
        old, new = args.old_inputs or {}, args.new_inputs or {}
        changing = [number for number in _NUMBERS if await _changes(old, new, f"tunnel{number}PresharedKey")]
        if not changing:
            return
        self._changing += [f"{args.name}-{number}" for number in changing]
        if len(self._changing) > 1:
            raise KeyChangeRefusedError(
                f"The keys of {' and '.join(self._changing)} would change in one update of link {self._link}, and each "
                "tunnel is down until its gateway has the new key. Change one of them now, and the next one when that "
                "tunnel is up again."
            )
        (number,) = changing
        await self._check_twin(args, number)

    async def _check_twin(self, args: pulumi.ResourceHookArgs, number: int) -> None:
        (twin,) = (other for other in _NUMBERS if other != number)
        up = await self._up(args.id)
        outputs = args.old_outputs or {}
        if outputs.get(f"tunnel{number}Address") in up and outputs.get(f"tunnel{twin}Address") not in up:
            raise KeyChangeRefusedError(
                f"The key of {args.name}-{number} does not change while its twin {args.name}-{twin} is down, as the "
                "connection would have no tunnel left until the gateway has the new key. Bring the twin up first."
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
    """Tell whether a key becomes another one; one that a preview cannot know does."""
    after = pulumi.Output.from_input(new.get(name))
    if not await after.is_known():
        return True
    return await after.future() != await pulumi.Output.from_input(old.get(name)).future()
