"""Quantities carry their units, and come back the way they went in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from hybridge.topology import written_bandwidth, written_milliseconds, written_seconds
from hybridge.topology.quantities import (
    Bandwidth,
    Domain,
    Milliseconds,
    Name,
    Port,
    Rate,
    ResourceName,
    Seconds,
    TagKey,
    TunnelKey,
    WireguardKey,
)


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
    ("written", "sentence"),
    [
        ("999999999Tbps", None),
        ("0.000000001Gbps", None),
        ("9999999999Tbps", "`9999999999Tbps` is too large a bandwidth."),
        ("9" * 50 + "Tbps", f"`{'9' * 40}…` is too large a bandwidth."),
        ("1.0000000001Gbps", "`1.0000000001Gbps` is too long a bandwidth."),
        ("0000000001Gbps", "`0000000001Gbps` is too long a bandwidth."),
        ("9999999999", "`9999999999` has no unit."),
    ],
)
def test_a_bandwidth_beyond_all_measure_is_still_one(written: str, sentence: str | None) -> None:
    if sentence is None:
        assert TypeAdapter(Bandwidth).validate_python(written)
        return
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(Bandwidth).validate_python(written)
    assert caught.value.errors()[0]["msg"] == sentence


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


@given(st.integers(min_value=1, max_value=10**8))
def test_milliseconds_read_back_what_was_written(milliseconds: int) -> None:
    assert TypeAdapter(Milliseconds).validate_python(written_milliseconds(milliseconds)) == milliseconds


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


KEY = "xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg="


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        (Rate, "200/s"),
        (Rate, "1 /s"),
        (Port, "tcp/5432"),
        (Port, "udp/8000-8010"),
        (Port, "tcp/1-65535"),
        (Domain, "corp.example.com"),
        (Domain, "a-b.xn--4ca"),
        (TunnelKey, "edge-a/2"),
        (WireguardKey, KEY),
        (TagKey, "team: network/édge"),
        (ResourceName, "aws-east-10.100.0.0/16"),
    ],
)
def test_what_is_taken_as_it_is_written(kind: type, written: str) -> None:
    assert str(TypeAdapter(kind).validate_python(written)) == written.removesuffix("/s").rstrip()


@pytest.mark.parametrize(
    ("kind", "written"),
    [
        (Rate, "200"),
        (Rate, "0/s"),
        (Rate, "0.5/s"),
        (Rate, 200),
        (Port, "5432"),
        (Port, "tcp/0"),
        (Port, "tcp/65536"),
        (Port, "udp/20-10"),
        (Port, "sctp/1"),
        (Domain, "example.com."),
        (Domain, "Example.com"),
        (Domain, "com"),
        (Domain, "-a.example.com"),
        (Domain, "a" * 64 + ".example.com"),
        (Domain, ".".join(["a" * 49] * 6)),
        (Domain, "10.100.0.53"),
        (TunnelKey, "edge-a"),
        (TunnelKey, "edge-a/3"),
        (WireguardKey, KEY[:-1]),
        (WireguardKey, KEY.replace("g=", "h=")),
        (WireguardKey, f"{KEY}\n"),
        (TagKey, "aws:team"),
        (TagKey, "Hybridge:link"),
        (TagKey, "t" * 129),
        (TagKey, ""),
        (ResourceName, ""),
        (ResourceName, "a\nb"),
    ],
)
def test_what_is_refused_with_a_remedy(kind: type, written: object) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(written)
    (error,) = caught.value.errors()
    assert error["ctx"]["remedy"]
