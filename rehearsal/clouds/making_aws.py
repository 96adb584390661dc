"""What AWS computes that no pattern can say, one function for each kind of resource.

A site-to-site VPN connection is exact, because customer gateways are configured from what it answers: its
inside addresses follow from the tunnel's range, its keys are those given, and its configuration text has the
elements of the real one.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from ipaddress import IPv4Network
from typing import Final, cast

from rehearsal.clouds import making_aws_interfaces
from rehearsal.clouds.checking_aws import RESERVED_RANGES
from rehearsal.clouds.derivation import Making
from rehearsal.clouds.values import UNKNOWN, Properties, Value, has_unknowns

_DEFAULT_ASN: Final = "64512"
"""AWS's side where the gateway says nothing.

https://docs.aws.amazon.com/vpn/latest/s2svpn/how_it_works.html (virtual private gateway) and
https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TransitGatewayRequestOptions.html, 2026-11-22.
"""

_HOLD_TIME: Final = 30
"""Seconds; the provider's tests against AWS expect them.

hashicorp/terraform-provider-aws internal/service/ec2/vpnsite_connection_test.go, 2026-11-22.
"""

_KEY_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._"
"""What a pre-shared key may hold: https://docs.aws.amazon.com/vpn/latest/s2svpn/tunnel-configure.html, 2026-11-22.

None begins with 0. Those that AWS makes have 32 characters, which that page calls alphanumeric; ours use the whole
permitted set, so that whatever reads them meets it.
"""


@dataclass(frozen=True)
class _Tunnel:
    """One tunnel of a connection, as both ends see it; a part of it may be UNKNOWN."""

    outside: Value
    inside: Value
    aws_inside: Value
    customer_inside: Value
    key: Value


def _vpn_connection(making: Making) -> dict[str, Value]:
    inputs = making.inputs
    aws_asn, customer = _aws_asn(making), _customer(making)
    first = _tunnel(making, 1, ())
    second = _tunnel(making, 2, (first.outside, first.inside))
    told_apart = inputs.get("tunnel1PresharedKey") or inputs.get("tunnel1InsideCidr")
    if not told_apart and str(second.outside) < str(first.outside):
        # The provider sorts the tunnels by outside address where no input of the first tells them apart.
        first, second = replace(first, outside=second.outside), replace(second, outside=first.outside)
    tunnels = (first, second)
    result: dict[str, Value] = {
        "coreNetworkArn": "",
        "coreNetworkAttachmentArn": "",
        "presharedKeyArn": "",
        "routes": [],
        "transitGatewayAttachmentId": _attachment(making),
        "customerGatewayConfiguration": _configuration(making, tunnels, aws_asn, customer),
        "vgwTelemetries": [
            {
                "acceptedRouteCount": 0,
                "certificateArn": "",
                "lastStatusChange": "2026-01-01T00:00:00Z",
                "outsideIpAddress": tunnel.outside,
                "status": "DOWN",
                "statusMessage": "",
            }
            for tunnel in tunnels
        ],
    }
    for number, tunnel in enumerate(tunnels, start=1):
        result |= {
            f"tunnel{number}Address": tunnel.outside,
            f"tunnel{number}BgpAsn": aws_asn,
            f"tunnel{number}BgpHoldtime": _HOLD_TIME,
            f"tunnel{number}CgwInsideAddress": tunnel.customer_inside,
            f"tunnel{number}VgwInsideAddress": tunnel.aws_inside,
            f"tunnel{number}InsideCidr": tunnel.inside,
            f"tunnel{number}PresharedKey": tunnel.key,
        }
        result |= {
            name: default
            for name, default in (
                (f"tunnel{number}InsideIpv6Cidr", ""),
                (f"tunnel{number}LogOptions", cast("Value", {"cloudwatchLogOptions": {"logEnabled": False}})),
            )
            if inputs.get(name) is None
        }
    return result | {name: default for name, default in _CONNECTION_DEFAULTS.items() if inputs.get(name) is None}


_CONNECTION_DEFAULTS: Final[Mapping[str, Value]] = {
    "enableAcceleration": False,
    "localIpv4NetworkCidr": "0.0.0.0/0",
    "localIpv6NetworkCidr": "",
    "outsideIpAddressType": "PublicIpv4",
    "presharedKeyStorage": "Standard",
    "remoteIpv4NetworkCidr": "0.0.0.0/0",
    "remoteIpv6NetworkCidr": "",
    "staticRoutesOnly": False,
    "tunnelBandwidth": "standard",
    "tunnelInsideIpVersion": "ipv4",
}
"""https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_VpnConnectionOptionsSpecification.html, 2026-11-22.

The IPv6 ranges of an IPv4 connection are empty in the provider's tests against AWS (vpnsite_connection_test.go),
although that page gives ::/0 as their default. That keys are stored as Standard by default is our assumption: no
page that was read says it.
"""


def _attachment(making: Making) -> Value:
    """A connection at a transit gateway is an attachment of it; at a virtual private gateway it is none."""
    if making.inputs.get("transitGatewayId") is None:
        return ""
    return making.expand("tgw-attach-0{hex:16}", "transitGatewayAttachmentId")


def _tunnel(making: Making, number: int, taken: tuple[Value, ...]) -> _Tunnel:
    name = f"tunnel{number}"
    inside = making.inputs.get(f"{name}InsideCidr") or _free_range(making, name, taken)
    key = making.inputs.get(f"{name}PresharedKey") or _key(making, name)
    outside = _other_address(making, name, taken)
    if not isinstance(inside, str):
        return _Tunnel(outside, UNKNOWN, UNKNOWN, UNKNOWN, key)
    hosts = list(IPv4Network(inside, strict=False).hosts())
    return _Tunnel(outside, inside, str(hosts[0]), str(hosts[1]), key)


def _other_address(making: Making, name: str, taken: tuple[Value, ...]) -> str:
    """An outside address; a connection's two are distinct, and free of others where the ledger can tell."""
    attempt = 0
    while (address := making.address(f"{name}Address{attempt or ''}")) in taken:
        attempt += 1
    return address


def _free_range(making: Making, name: str, taken: tuple[Value, ...]) -> str:
    attempt = 0
    while True:
        block = making.number(f"{name}InsideCidr{attempt or ''}", 256 * 64)
        candidate = IPv4Network(f"169.254.{block // 64}.{block % 64 * 4}/30")
        if candidate not in RESERVED_RANGES and str(candidate) not in taken:
            return str(candidate)
        attempt += 1


def _key(making: Making, name: str) -> str:
    first = making.characters(f"{name}PresharedKey0", 1, _KEY_LETTERS.replace("0", ""))
    return first + making.characters(f"{name}PresharedKey", 31, _KEY_LETTERS)


def _found(making: Making, name: str) -> Properties:
    identifier = making.inputs.get(name)
    return (making.surroundings.find(identifier) if isinstance(identifier, str) else None) or {}


def _aws_asn(making: Making) -> Value:
    """The ASN of the gateway at AWS's side, if the ledger knows it, else the default."""
    for name in ("transitGatewayId", "vpnGatewayId"):
        asn = _found(making, name).get("amazonSideAsn")
        if asn is not None:
            return asn if asn is UNKNOWN else _number_text(asn)
    return _DEFAULT_ASN


def _customer(making: Making) -> tuple[Value, Value]:
    """The customer gateway's address and ASN, if the ledger knows it; a text without them says so by being empty."""
    gateway = _found(making, "customerGatewayId")
    asn = gateway.get("bgpAsn")
    return gateway.get("ipAddress") or "", "" if asn is None else asn if asn is UNKNOWN else _number_text(asn)


def _number_text(value: Value) -> str:
    return str(int(value)) if isinstance(value, float) else str(value)


def _configuration(
    making: Making, tunnels: tuple[_Tunnel, ...], aws_asn: Value, customer: tuple[Value, Value]
) -> Value:
    """The customer gateway configuration, with the elements and the order of AWS's own XML.

    The provider reads a tunnel's addresses, ASN and key from this text (hashicorp/terraform-provider-aws,
    internal/service/ec2/vpnsite_connection.go, 2026-11-22). The other elements and their order are those of the
    copy in getmoto/moto (moto/ec2/models/vpn_connections.py, 2026-08-22), which leaves the gateway's element empty
    for a connection at a transit gateway; its segment size is 1387, a newer one that was published has 1379. Both
    show AWS's minimum, so that the spelling of stronger suites is a guess.
    """
    inputs = making.inputs
    connection_type = inputs.get("type")
    parts = (inputs.get("vpnGatewayId"), connection_type, aws_asn, *customer, inputs.get("customerGatewayId"))
    if any(has_unknowns(part) for tunnel in tunnels for part in vars(tunnel).values()) or UNKNOWN in parts:
        return UNKNOWN
    root = ET.Element("vpn_connection", id=making.identifier)
    _text(root, "customer_gateway_id", inputs.get("customerGatewayId"))
    _text(root, "vpn_gateway_id", inputs.get("vpnGatewayId") or "")
    _text(root, "vpn_connection_type", connection_type)
    address, asn = customer
    for number, tunnel in enumerate(tunnels, start=1):
        element = ET.SubElement(root, "ipsec_tunnel")
        _end(element, "customer_gateway", address, tunnel.customer_inside, asn)
        _end(element, "vpn_gateway", tunnel.outside, tunnel.aws_inside, aws_asn)
        _suites(element, making.inputs, f"tunnel{number}", tunnel)
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _text(parent: ET.Element, name: str, value: Value) -> None:
    ET.SubElement(parent, name).text = str(value)


def _end(parent: ET.Element, name: str, outside: Value, inside: Value, asn: Value) -> None:
    end = ET.SubElement(parent, name)
    _text(ET.SubElement(end, "tunnel_outside_address"), "ip_address", outside)
    address = ET.SubElement(end, "tunnel_inside_address")
    _text(address, "ip_address", inside)
    _text(address, "network_mask", "255.255.255.252")
    _text(address, "network_cidr", "30")
    bgp = ET.SubElement(end, "bgp")
    _text(bgp, "asn", asn)
    _text(bgp, "hold_time", str(_HOLD_TIME))


_CIPHERS: Final[Mapping[str, str]] = {
    "AES128": "aes-128-cbc",
    "AES256": "aes-256-cbc",
    "AES128-GCM-16": "aes-128-gcm-16",
    "AES256-GCM-16": "aes-256-gcm-16",
}
_HASHES: Final[Mapping[str, str]] = {
    "SHA1": "sha1",
    "SHA2-256": "sha2-256",
    "SHA2-384": "sha2-384",
    "SHA2-512": "sha2-512",
}


def _suites(parent: ET.Element, inputs: Properties, name: str, tunnel: _Tunnel) -> None:
    ike = ET.SubElement(parent, "ike")
    _text(ike, "authentication_protocol", _first(inputs, f"{name}Phase1IntegrityAlgorithms", "SHA1", _HASHES))
    _text(ike, "encryption_protocol", _first(inputs, f"{name}Phase1EncryptionAlgorithms", "AES128", _CIPHERS))
    _text(ike, "lifetime", _whole(inputs.get(f"{name}Phase1LifetimeSeconds"), 28_800))
    _text(ike, "perfect_forward_secrecy", f"group{_first(inputs, f'{name}Phase1DhGroupNumbers', '2', {})}")
    _text(ike, "mode", "main")
    _text(ike, "pre_shared_key", tunnel.key)
    ipsec = ET.SubElement(parent, "ipsec")
    hashed = _first(inputs, f"{name}Phase2IntegrityAlgorithms", "SHA1", _HASHES)
    _text(ipsec, "protocol", "esp")
    _text(ipsec, "authentication_protocol", "hmac-sha1-96" if hashed == "sha1" else f"hmac-{hashed}")
    _text(ipsec, "encryption_protocol", _first(inputs, f"{name}Phase2EncryptionAlgorithms", "AES128", _CIPHERS))
    _text(ipsec, "lifetime", _whole(inputs.get(f"{name}Phase2LifetimeSeconds"), 3_600))
    _text(ipsec, "perfect_forward_secrecy", f"group{_first(inputs, f'{name}Phase2DhGroupNumbers', '2', {})}")
    _text(ipsec, "mode", "tunnel")
    _text(ipsec, "clear_df_bit", "true")
    _text(ipsec, "fragmentation_before_encryption", "true")
    _text(ipsec, "tcp_mss_adjustment", "1379")
    detection = ET.SubElement(ipsec, "dead_peer_detection")
    _text(detection, "interval", "10")
    _text(detection, "retries", "3")


def _whole(value: Value, default: int) -> str:
    return str(int(value)) if isinstance(value, int | float) else str(default)


def _first(inputs: Properties, name: str, default: str, spelled: Mapping[str, str]) -> str:
    """The first of the algorithms a tunnel permits, spelled as the configuration does."""
    value = inputs.get(name)
    chosen = value[0] if isinstance(value, list) and value else default
    text = _number_text(chosen)
    return spelled.get(text, text)


_RESOLVER_ENDPOINT: Final = "aws:route53/resolverEndpoint:ResolverEndpoint"


def _resolver_endpoint(making: Making) -> dict[str, Value]:
    """A resolver endpoint: the VPC of its subnets, and an interface for each address.

    An address that nobody chose would be one of its subnet's; as no subnet is asked for it, it is one that stands for
    itself. The defaults are those of
    https://docs.aws.amazon.com/Route53/latest/APIReference/API_route53resolver_CreateResolverEndpoint.html, the form
    of an interface's identifier that of API_route53resolver_ListResolverEndpointIpAddresses, 2026-11-22.
    """
    inputs = making.inputs
    given = inputs.get("ipAddresses")
    addresses = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    names = [one.get("subnetId") for one in addresses]
    subnets = [making.surroundings.find(name) or {} for name in names if isinstance(name, str)]
    vpcs = [subnet["vpcId"] for subnet in subnets if "vpcId" in subnet]
    return {
        "hostVpcId": vpcs[0] if vpcs else making.expand("vpc-0{hex:16}", "hostVpcId"),
        "ipAddresses": [
            {
                **one,
                "ip": one.get("ip") or making.address(f"ipAddresses[{index}].ip"),
                "ipId": making.expand("rni-0{hex:16}", f"ipAddresses[{index}].ipId"),
            }
            for index, one in enumerate(addresses)
        ],
        "protocols": inputs.get("protocols") or ["Do53"],
        "resolverEndpointType": inputs.get("resolverEndpointType") or "IPV4",
    }


def _resolver_endpoint_identifier(inputs: Properties) -> str:
    """Its identifier says which way it goes: API_route53resolver_ListResolverEndpoints shows both, 2026-11-22."""
    return f"rslvr-{'out' if inputs.get('direction') == 'OUTBOUND' else 'in'}-0{{hex:16}}"


_LOG_GROUP: Final = "aws:cloudwatch/logGroup:LogGroup"


def _log_group(making: Making) -> dict[str, Value]:
    return {"name": making.identifier, "namePrefix": making.inputs.get("namePrefix") or ""}


def _log_group_identifier(inputs: Properties) -> str:
    """Its identifier is its name; behind a prefix the provider puts 26 digits.

    hashicorp/terraform-plugin-sdk helper/id/id.go (UniqueIDSuffixLength), 2026-11-22.
    """
    return "{input:namePrefix}{digits:26}" if inputs.get("namePrefix") else "{name}"


SPECIAL: Final[Mapping[str, Callable[[Making], dict[str, Value]]]] = {
    "aws:ec2/vpnConnection:VpnConnection": _vpn_connection,
    _LOG_GROUP: _log_group,
    _RESOLVER_ENDPOINT: _resolver_endpoint,
    **making_aws_interfaces.SPECIAL,
}
"""The properties that need more than a pattern, by token."""

IDENTIFIERS: Final[Mapping[str, Callable[[Properties], str]]] = {
    _LOG_GROUP: _log_group_identifier,
    _RESOLVER_ENDPOINT: _resolver_endpoint_identifier,
}
"""The patterns of identifiers that depend on the inputs, by token."""
