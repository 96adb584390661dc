"""Quantities carry their units, and come back the way they went in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from hybridge.topology import written_bandwidth, written_seconds
from hybridge.topology.quantities import Bandwidth, Name, Seconds


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
    ("written", "seconds"), [("30s", 30), ("0.5min", 30), ("2000ms", 2), ("8h", 28_800), ("1d", 86_400)]
)
def test_a_duration_is_counted_in_seconds(written: str, seconds: int) -> None:
    assert TypeAdapter(Seconds).validate_python(written) == seconds


@pytest.mark.parametrize("written", ["", "30", "1500ms", "30 sec", "-1s", "0s", "1e3s"])
def test_what_is_no_duration_in_seconds(written: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Seconds).validate_python(written)


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
