"""Flows as a person declares them: traffic that somebody needs between two sites."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from .base import Model
from .quantities import Bandwidth, Milliseconds, Name, Port, Rate


class Flow(Model):
    """Traffic between two sites, in one direction as far as bandwidth goes; answers come back the same way."""

    origin: Name = Field(alias="from", description="The site that starts it.", examples=["dc1"])
    to: Name = Field(description="The site that it goes to.", examples=["aws-east"])
    bandwidth: Bandwidth = Field(description="What it needs on average in a busy hour.", examples=["400Mbps"])
    burst: Bandwidth | None = Field(
        default=None,
        description="What it needs at its worst, such as the WAL that a database writes in a checkpoint or a load.",
        examples=["800Mbps"],
    )
    round_trip: Milliseconds | None = Field(
        default=None, description="The longest round trip it can bear.", examples=["5ms"]
    )
    synchronous: bool = Field(
        default=False,
        description="Whether each commit waits for the other site, a round trip at the least.",
        examples=[True],
    )
    commits: Rate | None = Field(
        default=None,
        description="Commits a second, for a synchronous flow.",
        examples=["200/s"],
    )
    sessions: Annotated[int, Field(ge=1, le=1_000_000)] | None = Field(
        default=None,
        description="Sessions that commit side by side, for a synchronous flow.",
        examples=[40],
    )
    ports: list[Port] = Field(
        default_factory=list,
        description="Where it arrives; firewall openings are derived from it. None: no opening is derived.",
        examples=[["tcp/5432"]],
    )
