"""What EC2 answers about images and addresses that exist already, outside of any stack."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final

from pydantic import BaseModel, ConfigDict

from rehearsal.clouds.values import Properties, Value

GET_AMI: Final = "aws:ec2/getAmi:getAmi"
AMI_ARGUMENTS: Final = frozenset({"filters", "mostRecent", "owners", "region"})
GET_ELASTIC_IP: Final = "aws:ec2/getElasticIp:getElasticIp"
ELASTIC_IP_ARGUMENTS: Final = frozenset({"publicIp", "region"})


class NothingFoundError(Exception):
    """No image is like what was asked for, or the question is one that the rehearsal does not understand."""


class Image(BaseModel):
    """A published image."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    owner: str
    name: str
    architecture: str
    root_device: str

    @property
    def attributes(self) -> dict[str, str]:
        """What a filter may ask for, in the words of EC2's DescribeImages."""
        return {"architecture": self.architecture, "name": self.name, "owner-id": self.owner}


def get_ami(arguments: Properties, region: str, images: Iterable[Image]) -> dict[str, Value]:
    """The newest image that fits; the names of one publisher's images end with their day.

    Raises NothingFoundError where none fits, or a filter is not modelled.
    """
    filters = _filters(arguments.get("filters"))
    owners = _texts(arguments.get("owners"))
    fitting = [image for image in images if image.owner in owners and _fits(image.attributes, filters)]
    if not fitting:
        raise NothingFoundError("No image fits what is asked for.")
    found = max(fitting, key=lambda image: image.name)
    identifier = f"ami-0{_digest(region, found.name, 16)}"
    return {
        **arguments,
        "id": identifier,
        "imageId": identifier,
        "arn": f"arn:aws:ec2:{region}::image/{identifier}",
        "architecture": found.architecture,
        "name": found.name,
        "ownerId": found.owner,
        "public": True,
        "region": region,
        "rootDeviceName": found.root_device,
        "rootDeviceType": "ebs",
        "state": "available",
        "tags": {},
        "virtualizationType": "hvm",
    }


def get_elastic_ip(arguments: Properties, region: str) -> dict[str, Value]:
    """The address that is asked for; the rehearsal takes it for one that the account has."""
    address = str(arguments.get("publicIp"))
    return {
        **arguments,
        "id": f"eipalloc-0{_digest(region, address, 16)}",
        "domain": "vpc",
        "publicIp": address,
        "region": region,
        "tags": {},
    }


def _filters(given: Value) -> dict[str, list[str]]:
    filters = [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []
    return {str(item.get("name")): _texts(item.get("values")) for item in filters}


def _texts(given: Value) -> list[str]:
    return [item for item in given if isinstance(item, str)] if isinstance(given, list) else []


def _fits(attributes: Mapping[str, str], filters: Mapping[str, Sequence[str]]) -> bool:
    unknown = sorted(filters.keys() - attributes.keys())
    if unknown:
        raise NothingFoundError(f"The rehearsal does not know the filter `{'`, `'.join(unknown)}` of images.")
    return all(any(fnmatchcase(attributes[name], pattern) for pattern in filters[name]) for name in filters)


def _digest(region: str, what: str, length: int) -> str:
    return hashlib.sha256(f"{region}\0{what}".encode()).hexdigest()[:length]
