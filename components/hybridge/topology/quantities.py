"""Quantities with their units written out, and the networks, addresses and names of a topology."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

_DIGITS: Final = 9
_NUMBER: Final = rf"\d{{1,{_DIGITS}}}(?:\.\d{{1,{_DIGITS}}})?"
_NAME: Final = r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?"
_BITS_PER_SECOND: Final = {"Kbps": 10**3, "Mbps": 10**6, "Gbps": 10**9, "Tbps": 10**12}
_MILLISECONDS: Final = {"ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_QUOTED: Final = 40
_LAST_PORT: Final = 65_535
_LAST_AS: Final = 2**32 - 1
_LONGEST_DOMAIN: Final = 253
_DOMAIN: Final = r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?"
_LONGEST_RESOURCE_NAME: Final = 200


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
        if long := re.fullmatch(rf"(\d+)(?:\.\d+)? ?(?:{'|'.join(units)})", text, re.ASCII):
            raise _too_long(value, what, long[1], example)
        bare = re.fullmatch(r"-?[\d.]+(e[+-]?\d+)?", text, re.ASCII) is not None
        raise wrong(f"{_quoted(text)} {'has no unit' if bare else f'is no {what}'}.", remedy)
    amount = Decimal(match[1]) * units[match[2]]
    if amount < 1 or amount != amount.to_integral_value():
        raise wrong(f"{_quoted(text)} is no {what} that can be counted.", remedy)
    return int(amount)


def _too_long(value: object, what: str, whole: str, example: str) -> PydanticCustomError:
    """Say what is the matter with a quantity that has a known unit and more digits than anybody needs."""
    large = len(whole.lstrip("0")) > _DIGITS
    return wrong(
        f"{_quoted(value)} is {'too large' if large else 'too long'} a {what}.",
        f"Write {_DIGITS} digits at the most before the point, and after it, such as `{example}`.",
    )


def _bandwidth(value: object) -> int:
    return _quantity(value, "bandwidth", _BITS_PER_SECOND, "500Mbps")


def _seconds(value: object) -> int:
    milliseconds = _quantity(value, "duration", _MILLISECONDS, "30s")
    if milliseconds % 1_000:
        raise wrong(f"{_quoted(value)} is no whole number of seconds.", "Vendors count this in seconds: `30s`.")
    return milliseconds // 1_000


def _milliseconds(value: object) -> int:
    return _quantity(value, "duration", _MILLISECONDS, "5ms")


def _rate(value: object) -> int:
    if isinstance(value, str) and (match := re.fullmatch(r"([1-9]\d{0,8}) ?/s", value, re.ASCII)):
        return int(match[1])
    raise wrong(f"{_quoted(value)} is no rate.", "Write a whole number a second, such as `200/s`.")


def _as_number(value: int) -> int:
    if 0 <= value <= _LAST_AS:
        return value
    raise wrong(f"{_quoted(value)} is no autonomous system's number.", "Use a private one, such as 65010.")


def _port(value: object) -> str:
    if isinstance(value, str) and (match := re.fullmatch(r"(tcp|udp)/(\d{1,5})(?:-(\d{1,5}))?", value, re.ASCII)):
        first, last = int(match[2]), int(match[3] or match[2])
        if 0 < first <= last <= _LAST_PORT:
            return value
    raise wrong(f"{_quoted(value)} is no port.", "Write protocol and port, such as `tcp/5432` or `udp/8000-8010`.")


def _domain(value: object) -> str:
    if isinstance(value, str) and len(value) <= _LONGEST_DOMAIN and re.fullmatch(_DOMAIN, value, re.ASCII):
        return value
    raise wrong(
        f"{_quoted(value)} is no domain that can be forwarded.",
        "Write it in lower case and without a dot at its end, such as `corp.example.com`.",
    )


def _tunnel_key(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(f"{_NAME}/[12]", value, re.ASCII):
        return value
    raise wrong(f"{_quoted(value)} names no tunnel.", "Write gateway and number, such as `edge-a/1`.")


def _wireguard_key(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=", value, re.ASCII):
        return value
    raise wrong(
        f"{_quoted(value)} is no WireGuard public key.", "Give what `wg pubkey` prints: 44 characters of base64."
    )


def _resource_name(value: object) -> str:
    if isinstance(value, str) and 0 < len(value) <= _LONGEST_RESOURCE_NAME and value.isprintable():
        return value
    raise wrong(
        f"{_quoted(value)} names no resource.", "Give a name as the preview shows it, such as `dc1-aws-edge-a`."
    )


def _tag_key(value: object) -> str:
    if isinstance(value, str) and re.fullmatch(r"[\w .:/=+@-]{1,128}", value):
        if not value.lower().startswith(("aws:", "hybridge:")):
            return value
        raise wrong(f"{_quoted(value)} is no tag that is yours to set.", "Choose a key without this prefix.")
    raise wrong(f"{_quoted(value)} cannot be a tag.", "Use letters, digits, spaces and `_.:/=+-@`, 128 at the most.")


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

Milliseconds = Annotated[int, BeforeValidator(_milliseconds), _pattern(_MILLISECONDS)]
"""Whole milliseconds, written with a unit: `5ms`."""

AsNumber = Annotated[
    int,
    AfterValidator(_as_number),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": _LAST_AS}),
]
"""The number of a BGP autonomous system, of 32 bits (RFC 6793)."""

Rate = Annotated[int, BeforeValidator(_rate), WithJsonSchema({"type": "string", "pattern": r"^[1-9]\d{0,8} ?/s$"})]
"""Whole times a second: `200/s`."""

Port = Annotated[
    str, BeforeValidator(_port), WithJsonSchema({"type": "string", "pattern": r"^(tcp|udp)/\d{1,5}(-\d{1,5})?$"})
]
"""Where traffic arrives: protocol and port or ports, `tcp/5432`, `udp/8000-8010`."""

Domain = Annotated[str, BeforeValidator(_domain), WithJsonSchema({"type": "string", "pattern": f"^{_DOMAIN}$"})]
"""A DNS domain in lower case, without the dot at its end."""

TunnelKey = Annotated[
    str, BeforeValidator(_tunnel_key), WithJsonSchema({"type": "string", "pattern": f"^{_NAME}/[12]$"})
]
"""A tunnel of a link: the gateway's name and the tunnel's number, `edge-a/1`."""

WireguardKey = Annotated[
    str,
    BeforeValidator(_wireguard_key),
    WithJsonSchema({"type": "string", "pattern": r"^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$"}),
]
"""A WireGuard public key: 32 bytes as base64."""

TagKey = Annotated[str, BeforeValidator(_tag_key), WithJsonSchema({"type": "string", "minLength": 1, "maxLength": 128})]
"""The key of a tag at AWS, neither AWS's own nor hybridge's."""

ResourceName = Annotated[str, BeforeValidator(_resource_name), WithJsonSchema({"type": "string", "minLength": 1})]
"""The name of a declared resource, as a preview shows it."""


def _written(amount: int, units: Mapping[str, int]) -> str:
    fitting = [unit for unit, size in units.items() if amount >= size]
    unit = max(fitting or units, key=units.__getitem__)
    return f"{(Decimal(amount) / units[unit]).normalize():f}{unit}"


def written_bandwidth(bits_per_second: int) -> str:
    """Write a bandwidth with its largest unit: 1250000000 as `1.25Gbps`."""
    return _written(bits_per_second, _BITS_PER_SECOND)


def written_milliseconds(milliseconds: int) -> str:
    """Write a number of milliseconds with the largest unit that divides it: 8 as `8ms`, 2000 as `2s`."""
    units = {unit: size for unit, size in _MILLISECONDS.items() if milliseconds % size == 0}
    return _written(milliseconds, units)


def written_seconds(seconds: int) -> str:
    """Write a number of seconds with the largest unit that divides it: 28800 as `8h`, 45 as `45s`."""
    milliseconds = seconds * _MILLISECONDS["s"]
    units = {unit: size for unit, size in _MILLISECONDS.items() if unit != "ms" and milliseconds % size == 0}
    return _written(milliseconds, units)
