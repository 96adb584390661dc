"""Alarms of a site-to-site VPN link, on the state that AWS sees its tunnels in.

`TunnelState` of a connection is 1 while BGP is established in both tunnels, 0 while it is in none, and between them
while one is down (https://docs.aws.amazon.com/vpn/latest/s2svpn/monitoring-cloudwatch-vpn.html). No data is taken for
bad news.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pulumi
import pulumi_aws as aws

from hybridge.planning import limits

_ONE_DOWN: Final = 0.5
_ALL_DOWN: Final = 0


@dataclass(frozen=True)
class VpnAlarms:
    """Makes the alarms of one link."""

    topic: pulumi.Input[str] | None
    """Where they go, and the news that all is well again; None: they only show their state."""
    parent: pulumi.Resource

    def of_connection(self, name: str, connection: pulumi.Input[str], gateway: str) -> None:
        """Declare the alarms of one connection: one tunnel down for some time, and both down.

        :param name: the connection's name
        :param connection: its identifier
        :param gateway: the on-premises gateway that it leads to
        """
        self._alarm(
            f"{name}-one-down",
            f"A tunnel to {gateway} is down; the connection has none to spare.",
            [_tunnel_state("worst", connection, "Minimum", watched=True)],
            threshold=_ONE_DOWN,
            periods=limits.number("aws.vpn.one-down-periods"),
        )
        self._alarm(
            f"{name}-both-down",
            f"Both tunnels to {gateway} are down.",
            [_tunnel_state("best", connection, "Maximum", watched=True)],
            threshold=_ALL_DOWN,
        )

    def of_link(self, name: str, connections: Sequence[pulumi.Input[str]]) -> None:
        """Declare the alarm of a link: no tunnel of any connection is up.

        :param name: the link's name
        :param connections: identifiers of its connections
        """
        states = [
            _tunnel_state(f"best{index}", connection, "Maximum", watched=False)
            for index, connection in enumerate(connections, start=1)
        ]
        # Without `FILL`: AWS tells a state late at times, which is not the same as a connection that is down.
        best = aws.cloudwatch.MetricAlarmMetricQueryArgs(
            id="best", expression="MAX(METRICS())", label="the best connection", return_data=True
        )
        self._alarm(f"{name}-all-down", f"Every tunnel of link {name} is down.", [*states, best], threshold=_ALL_DOWN)

    def _alarm(
        self,
        name: str,
        description: str,
        queries: list[aws.cloudwatch.MetricAlarmMetricQueryArgs],
        *,
        threshold: float,
        periods: int = 1,
    ) -> None:
        actions = None if self.topic is None else [self.topic]
        aws.cloudwatch.MetricAlarm(
            name,
            alarm_description=description,
            metric_queries=queries,
            comparison_operator="LessThanOrEqualToThreshold",
            threshold=threshold,
            evaluation_periods=periods,
            datapoints_to_alarm=periods,
            treat_missing_data="breaching",
            alarm_actions=actions,
            ok_actions=actions,
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self.parent),
        )


def _tunnel_state(
    query: str, connection: pulumi.Input[str], statistic: str, *, watched: bool
) -> aws.cloudwatch.MetricAlarmMetricQueryArgs:
    return aws.cloudwatch.MetricAlarmMetricQueryArgs(
        id=query,
        metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
            namespace="AWS/VPN",
            metric_name="TunnelState",
            dimensions={"VpnId": connection},
            period=limits.number("aws.vpn.alarm-period"),
            stat=statistic,
        ),
        return_data=watched,
    )
