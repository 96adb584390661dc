"""Quantities carry their units, and come back the way they went in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from hybridge.topology import written_bandwidth, written_seconds
from hybridge.topology.quantities import Bandwidth, Duration, Name, Seconds


@pytest.mark.parametrize(
    ("written", "bits"),
    [("1Kbps", 1000), ("500Mbps", 500_000_000), ("1.25Gbps", 1_250_000_000), ("10 Gbps", 10**10), ("1Tbps", 10**12)],
)
def test_a_bandwidth_is_counted_in_bits(written: str, bits: int) -> None:
    assert TypeAdapter(Bandwidth).validate_python(written) == bits


@pytest.mark.parametrize(
    "written", ["", "10", "10gbps", "10GBps", "-1Gbps", "Gbps", "0Gbps", "1e3Mbps", "٣Gbps", True, None]
)
def test_what_is_no_bandwidth(written: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Bandwidth).validate_python(written)


@pytest.mark.parametrize(
    ("written", "milliseconds"), [("5ms", 5), ("0.5s", 500), ("2min", 120_000), ("8h", 28_800_000)]
)
def test_a_duration_is_counted_in_milliseconds(written: str, milliseconds: int) -> None:
    assert TypeAdapter(Duration).validate_python(written) == milliseconds


@given(st.integers(min_value=1, max_value=10**8))
def test_seconds_read_back_what_was_written(seconds: int) -> None:
    assert TypeAdapter(Seconds).validate_python(written_seconds(seconds)) == seconds


@given(st.integers(min_value=1, max_value=10**9).map(lambda kilobits: kilobits * 1000))
def test_bandwidths_read_back_what_was_written(bits: int) -> None:
    assert TypeAdapter(Bandwidth).validate_python(written_bandwidth(bits)) == bits


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a_b", "1a", "a" * 41, "ä", "a\n", 5])
def test_what_cannot_be_a_name(name: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Name).validate_python(name)


@pytest.mark.parametrize("name", ["a", "dc1", "aws-east", "a" * 40])
def test_what_can_be_a_name(name: str) -> None:
    assert TypeAdapter(Name).validate_python(name) == name
