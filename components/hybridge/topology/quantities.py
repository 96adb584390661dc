"""Quantities with their units written out, and the networks, addresses and names of a topology."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Annotated, Final

from pydantic import BeforeValidator, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

_NUMBER: Final = r"\d{1,9}(?:\.\d{1,9})?"
_NAME: Final = r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?"
_BITS_PER_SECOND: Final = {"Kbps": 10**3, "Mbps": 10**6, "Gbps": 10**9, "Tbps": 10**12}
_MILLISECONDS: Final = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_QUOTED: Final = 40


def wrong(sentence: str, remedy: str) -> PydanticCustomError:
    """Make the error that a validator raises: `sentence` says what is the matter, `remedy` what to do."""
    return PydanticCustomError("hybridge", "{sentence}", {"sentence": sentence, "remedy": remedy})


def _quoted(value: object) -> str:
    """Quote what a person wrote, short enough to read."""
    text = str(value)
    return f"`{text[:_QUOTED]}…`" if len(text) > _QUOTED else f"`{text}`"


def _quantity(value: object, what: str, units: Mapping[str, int], example: str) -> int:
    """Read a number with its unit as a whole number of the smallest unit."""
    remedy = f"Write a number with its unit ({', '.join(units)}), such as `{example}`; nothing is implied."
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise wrong(f"A {what} is expected here.", remedy)
    text = str(value)
    match = re.fullmatch(f"({_NUMBER}) ?({'|'.join(units)})", text, re.ASCII)
    if match is None:
        bare = re.fullmatch(r"-?[\d.]+(e[+-]?\d+)?", text, re.ASCII) is not None
        raise wrong(f"{_quoted(text)} {'has no unit' if bare else f'is no {what}'}.", remedy)
    amount = Decimal(match[1]) * units[match[2]]
    if amount < 1 or amount != amount.to_integral_value():
        raise wrong(f"{_quoted(text)} is no {what} that can be counted.", remedy)
    return int(amount)


def _bandwidth(value: object) -> int:
    return _quantity(value, "bandwidth", _BITS_PER_SECOND, "500Mbps")


def _seconds(value: object) -> int:
    milliseconds = _quantity(value, "duration", _MILLISECONDS, "30s")
    if milliseconds % 1_000:
        raise wrong(f"{_quoted(value)} is no whole number of seconds.", "Vendors count this in seconds: `30s`.")
    return milliseconds // 1_000


def _is_ipv6(value: str) -> bool:
    try:
        IPv6Network(value, strict=False)
    except ValueError:
        return False
    return True


def _network(value: object) -> IPv4Network:
    example = "Write an IPv4 range such as `10.100.0.0/16`."
    if isinstance(value, IPv4Network):
        return value
    if not isinstance(value, str):
        raise wrong("A network range is expected here.", example)
    if _is_ipv6(value):
        raise wrong(
            f"{_quoted(value)} is an IPv6 range, and the links planned here carry IPv4 only.",
            "Leave it out, so that nothing waits for routes that never come.",
        )
    if "/" not in value:
        raise wrong(f"{_quoted(value)} has no prefix length.", example)
    try:
        network = IPv4Network(value, strict=False)
    except ValueError:
        raise wrong(f"{_quoted(value)} is no network.", example) from None
    if str(network) != value:
        raise wrong(
            f"{_quoted(value)} is no network: it has host bits set or is not written as address/length.",
            f"Write `{network}` if that network is meant.",
        )
    return network


def _address(value: object) -> IPv4Address:
    example = "Write an IPv4 address such as `203.0.113.10`."
    if isinstance(value, IPv4Address):
        return value
    if not isinstance(value, str):
        raise wrong("An address is expected here.", example)
    try:
        return IPv4Address(value)
    except AddressValueError:
        pass
    try:
        IPv6Address(value)
    except AddressValueError:
        raise wrong(f"{_quoted(value)} is no address.", example) from None
    raise wrong(f"{_quoted(value)} is an IPv6 address; the tunnels planned here run over IPv4.", example)


def _name(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(_NAME, value, re.ASCII):
        return value
    raise wrong(
        f"{_quoted(value)} cannot be a name.",
        "Use at most 40 lower-case letters, digits and hyphens, a letter first and no hyphen last.",
    )


def _pattern(units: Mapping[str, int]) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": rf"^\d+(\.\d+)? ?({'|'.join(units)})$"})


Name = Annotated[str, BeforeValidator(_name), WithJsonSchema({"type": "string", "pattern": f"^{_NAME}$"})]
"""A name that becomes part of resource names, so it is forever: lower case, digits and hyphens, up to 40."""

Bandwidth = Annotated[int, BeforeValidator(_bandwidth), _pattern(_BITS_PER_SECOND)]
"""Bits per second, written with a decimal unit: `500Mbps`, `1.25Gbps`."""

Seconds = Annotated[int, BeforeValidator(_seconds), _pattern(_MILLISECONDS)]
"""Whole seconds, written with a unit: `30s`, `8h`."""

Network = Annotated[
    IPv4Network,
    PlainValidator(_network),
    WithJsonSchema({"type": "string", "pattern": r"^\d+\.\d+\.\d+\.\d+/\d+$", "examples": ["10.100.0.0/16"]}),
]
"""An IPv4 range in CIDR notation, without host bits."""

Address = Annotated[
    IPv4Address,
    PlainValidator(_address),
    WithJsonSchema({"type": "string", "format": "ipv4", "examples": ["203.0.113.10"]}),
]
"""An IPv4 address."""


def _written(amount: int, units: Mapping[str, int]) -> str:
    fitting = [unit for unit, size in units.items() if amount >= size]
    unit = max(fitting or units, key=units.__getitem__)
    return f"{(Decimal(amount) / units[unit]).normalize():f}{unit}"


def written_bandwidth(bits_per_second: int) -> str:
    """Write a bandwidth with its largest unit: 1250000000 as `1.25Gbps`."""
    return _written(bits_per_second, _BITS_PER_SECOND)


def written_seconds(seconds: int) -> str:
    """Write a number of seconds with the largest unit that divides it: 28800 as `8h`, 45 as `45s`."""
    milliseconds = seconds * _MILLISECONDS["s"]
    units = {unit: size for unit, size in _MILLISECONDS.items() if unit != "ms" and milliseconds % size == 0}
    return _written(milliseconds, units)
