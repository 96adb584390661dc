"""Simulated clouds behind Pulumi's mocks, fresh for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rehearsal.clouds.mocks import SimulatedClouds, install


@pytest.fixture
def clouds() -> Iterator[SimulatedClouds]:
    with install() as simulated:
        yield simulated
