"""Topologies of any size, made by counting: sites and links differ in their names, numbers and addresses alone."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network
from itertools import islice, product
from math import ceil
from typing import Any, Final

DATACENTRES: Final = IPv4Network("10.0.0.0/9")
VPCS: Final = IPv4Network("10.128.0.0/9")
VPC: Final = "172.20.0.0/16"
"""A range of neither."""
RANGE: Final = 20
"""Prefix length of each site's range: 2,048 of them in either half."""
PUBLIC: Final = tuple(IPv4Network(text) for text in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"))
"""Addresses that nobody has (RFC 5737): enough for 381 datacentres."""
REGIONS: Final = ("us-east-1", "us-east-2", "us-west-2", "ca-central-1", "eu-central-1", "eu-west-1", "ap-southeast-2")
FIRST_ASN: Final = 4_200_000_000
"""The first of the private 32-bit AS numbers (RFC 6996)."""
GATEWAYS: Final = ("a", "b")
LINKS_A_DATACENTRE: Final = 2
LINKS_A_CLOUD: Final = 16
RANGES_A_DATACENTRE: Final = 100
RANGE_OF_MANY: Final = 24
"""Prefix length of the ranges where there are many: 32,768 of them."""


def estate(links: int) -> dict[str, Any]:
    """A topology of datacentres that are joined to two AWS sites each, and AWS sites with 16 links each.

    Without a link, it is a datacentre and an AWS site that have nothing to do with each other.
    """
    clouds = max(1, min(links, LINKS_A_DATACENTRE), ceil(links / LINKS_A_CLOUD))
    ends = ((number // 2, (number // 2 + number % 2) % clouds) for number in range(links))
    return topology(max(1, ceil(links / LINKS_A_DATACENTRE)), clouds, ends)


def mesh(sites: int, links: int) -> dict[str, Any]:
    """A topology of `sites` sites, half of them datacentres, with `links` links spread evenly over them."""
    datacentres = sites // 2
    clouds = sites - datacentres
    ends = ((number, (number + step) % clouds) for step, number in product(range(clouds), range(datacentres)))
    return topology(datacentres, clouds, islice(ends, links))


def datacentres(ranges: int) -> dict[str, Any]:
    """A topology of datacentres with 100 ranges each and no link, of so many ranges in all."""
    networks = DATACENTRES.subnets(new_prefix=RANGE_OF_MANY)
    sites = {
        name: {**site, "ranges": [str(network) for network in islice(networks, RANGES_A_DATACENTRE)]}
        for name, site in topology(ranges // RANGES_A_DATACENTRE, 0, ())["sites"].items()
    }
    return {"sites": sites}


def one_datacentre(ranges: int, clusters: int, *, joined: bool) -> dict[str, Any]:
    """A topology of a datacentre with so many ranges and clusters whose pods it announces, and an AWS site.

    :param ranges: number of the datacentre's ranges
    :param clusters: number of its clusters, each with ranges of its own
    :param joined: whether a link joins the two, which announces more than AWS takes
    """
    made = topology(1, 1, [(0, 0)] if joined else [])
    networks = (str(network) for network in DATACENTRES.subnets(new_prefix=RANGE_OF_MANY))
    made["sites"]["dc0"]["ranges"] = list(islice(networks, ranges))
    made["sites"]["aws0"]["ranges"] = [VPC]
    inside = {"site": "dc0", "kind": "existing", "cni": "cilium-native", "advertised": True}
    made["clusters"] = {
        f"cluster{number}": {**inside, "pods": next(networks), "services": next(networks)} for number in range(clusters)
    }
    return made


def topology(datacentres: int, clouds: int, links: Iterable[tuple[int, int]]) -> dict[str, Any]:
    """A topology as plain data, as a stack file holds it.

    :param datacentres: number of on-premises sites, each with two gateways
    :param clouds: number of AWS sites
    :param links: the ends of each site-to-site VPN: number of the datacentre, number of the AWS site
    """
    ranges = DATACENTRES.subnets(new_prefix=RANGE)
    vpcs = VPCS.subnets(new_prefix=RANGE)
    addresses = (str(address) for network in PUBLIC for address in network.hosts())
    sites: dict[str, Any] = {
        f"dc{number}": {
            "kind": "onprem",
            "asn": FIRST_ASN + number,
            "ranges": [str(next(ranges))],
            "gateways": [{"name": f"dc{number}-{name}", "public_ip": next(addresses)} for name in GATEWAYS],
        }
        for number in range(datacentres)
    }
    for number in range(clouds):
        sites[f"aws{number}"] = {
            "kind": "aws",
            "region": REGIONS[number % len(REGIONS)],
            "asn": FIRST_ASN + datacentres + number,
            "ranges": [str(next(vpcs))],
        }
    joined = {f"dc{datacentre}-aws{cloud}": [f"dc{datacentre}", f"aws{cloud}"] for datacentre, cloud in links}
    return {
        "sites": sites,
        "links": {name: {"between": between, "via": "site-to-site-vpn"} for name, between in joined.items()},
    }
