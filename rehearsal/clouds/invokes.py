"""What the simulated clouds answer to questions (invokes): sourced data, or a refusal.

An answer that depends on a value which is not known yet is not known either. A question that is not modelled fails
loudly, and so does an argument whose effect on the answer is not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel, ConfigDict

from rehearsal.clouds import ec2_answers, tls_keys, vpn_state
from rehearsal.clouds.sdk import Function
from rehearsal.clouds.values import UNKNOWN, Properties, Value, has_unknowns
from rehearsal.clouds.vpn_state import Objects

DATA: Final = Path(__file__).with_name("data") / "invokes.yaml"
_SHOWN: Final = "rehearsal/clouds/data/invokes.yaml"


class UnansweredError(Exception):
    """The rehearsal has no answer to a question; the message says which, and where to add one."""


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Sourced(_Data):
    source: str
    looked_up: str


class _Account(_Sourced):
    id: str
    user: str
    user_source: str


class _Partition(_Sourced):
    id: str
    dns_suffix: str
    reverse_dns_prefix: str


class _Region(_Data):
    description: str
    zones: Mapping[str, str]


class _Regions(_Sourced):
    by_name: Mapping[str, _Region]


class _Images(_Sourced):
    published: Sequence[ec2_answers.Image]


class _Aws(_Data):
    account: _Account
    images: _Images
    partition: _Partition
    regions: _Regions


class _Answers(_Data):
    aws: _Aws


def answer(function: Function, arguments: Properties, region: str | None, objects: Objects) -> dict[str, Value]:
    """The answer of `function` to `arguments`, asked in `region` where the arguments name no other.

    `objects` is what may be asked about.

    Raises UnansweredError where there is none.
    """
    answerer = _ANSWERERS.get(function.token)
    if answerer is None:
        raise UnansweredError(
            f"The rehearsal has no answer for {function.token}; add it to {_SHOWN}, with its source,"
            " and to rehearsal/clouds/invokes.py."
        )
    given: dict[str, Value] = {name: value for name, value in arguments.items() if value is not None}
    unmodelled = sorted(given.keys() - answerer.arguments)
    if unmodelled:
        raise UnansweredError(
            f"The rehearsal does not know what `{'`, `'.join(unmodelled)}` means to {function.token};"
            " add it to rehearsal/clouds/invokes.py, or ask without it."
        )
    if has_unknowns(given):
        return {**dict.fromkeys(function.results, UNKNOWN), **given}
    return answerer.answer(given, region, objects)


class _Answerer:
    """How one question is answered, and which of its arguments that takes into account."""

    def __init__(
        self,
        answer: Callable[[Properties, str | None, Objects], dict[str, Value]],
        arguments: frozenset[str] = frozenset(),
    ) -> None:
        self.answer = answer
        self.arguments = arguments


def _availability_zones(arguments: Properties, asked_in: str | None, _objects: Objects) -> dict[str, Value]:
    name, region = _region(arguments, asked_in)
    # Every zone that is listed is open to every account and in use; other states select none.
    wanted = arguments.get("state") in (None, "available")
    left_out = {*_list(arguments, "excludeNames"), *_list(arguments, "excludeZoneIds")}
    filters = _filters(arguments)
    zones = {
        zone: id_
        for zone, id_ in region.zones.items()
        if wanted and not {zone, id_} & left_out and _passes(filters, _zone_attributes(name, zone, id_))
    }
    return {
        **arguments,
        "id": name,
        "region": name,
        "names": list(zones),
        "zoneIds": list(zones.values()),
        "groupNames": [f"{name}-zg-1"] if zones else [],
    }


def _zone_attributes(region: str, zone: str, zone_id: str) -> dict[str, str]:
    # The filters of EC2's DescribeAvailabilityZones; the zones that are listed are no Local or Wavelength Zones.
    return {
        "group-name": f"{region}-zg-1",
        "opt-in-status": "opt-in-not-required",
        "region-name": region,
        "state": "available",
        "zone-id": zone_id,
        "zone-name": zone,
        "zone-type": "availability-zone",
    }


def _filters(arguments: Properties) -> dict[str, list[str]]:
    given = arguments.get("filters")
    filters = [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []
    named = {str(item.get("name")): _list(item, "values") for item in filters}
    unknown = sorted(named.keys() - _zone_attributes("", "", "").keys())
    if unknown:
        raise UnansweredError(
            f"The rehearsal does not know the filter `{'`, `'.join(unknown)}` of availability zones;"
            " add it to rehearsal/clouds/invokes.py, or ask without it."
        )
    return named


def _passes(filters: Mapping[str, list[str]], attributes: Mapping[str, str]) -> bool:
    return all(attributes[name] in values for name, values in filters.items())


def _get_region(arguments: Properties, asked_in: str | None, _objects: Objects) -> dict[str, Value]:
    named = arguments.get("name") or arguments.get("region")
    endpoint = arguments.get("endpoint")
    if endpoint is not None and not named:
        service, _, rest = str(endpoint).partition(".")
        named = rest.partition(".")[0] if service == "ec2" else None
    name, region = _region({"region": named} if named else {}, asked_in)
    return {
        "id": name,
        "name": name,
        "region": name,
        "description": region.description,
        "endpoint": f"ec2.{name}.{_answers().aws.partition.dns_suffix}",
    }


def _caller_identity(_arguments: Properties, _asked_in: str | None, _objects: Objects) -> dict[str, Value]:
    account = _answers().aws.account
    return {
        "id": account.id,
        "accountId": account.id,
        "arn": f"arn:{_answers().aws.partition.id}:iam::{account.id}:user/rehearsal",
        "userId": account.user,
    }


def _partition(_arguments: Properties, _asked_in: str | None, _objects: Objects) -> dict[str, Value]:
    partition = _answers().aws.partition
    return {
        "id": partition.id,
        "partition": partition.id,
        "dnsSuffix": partition.dns_suffix,
        "reverseDnsPrefix": partition.reverse_dns_prefix,
    }


def _public_key(arguments: Properties, _asked_in: str | None, _objects: Objects) -> dict[str, Value]:
    return tls_keys.get_public_key(arguments)


def _vpn_connection(arguments: Properties, _asked_in: str | None, objects: Objects) -> dict[str, Value]:
    try:
        return vpn_state.get_vpn_connection(arguments, objects)
    except vpn_state.NoConnectionError as error:
        raise UnansweredError(str(error)) from error


def _ami(arguments: Properties, asked_in: str | None, _objects: Objects) -> dict[str, Value]:
    region, _ = _region(arguments, asked_in)
    try:
        return ec2_answers.get_ami(arguments, region, _answers().aws.images.published)
    except ec2_answers.NothingFoundError as error:
        raise UnansweredError(f"{error} Images are in {_SHOWN}.") from error


def _elastic_ip(arguments: Properties, asked_in: str | None, _objects: Objects) -> dict[str, Value]:
    region, _ = _region(arguments, asked_in)
    return ec2_answers.get_elastic_ip(arguments, region)


def _region(arguments: Properties, asked_in: str | None) -> tuple[str, _Region]:
    name = str(arguments.get("region") or asked_in or "")
    if not name:
        raise UnansweredError(
            "The question is asked in no region: give the aws provider its `region`, or the question one."
        )
    known = _answers().aws.regions.by_name
    if name not in known:
        raise UnansweredError(f"The rehearsal knows nothing of the AWS region `{name}`; add it to {_SHOWN}.")
    return name, known[name]


def _list(arguments: Properties, name: str) -> list[str]:
    given = arguments.get(name)
    return [item for item in given if isinstance(item, str)] if isinstance(given, list) else []


@cache
def _answers() -> _Answers:
    # PyYAML knows no type for what a document holds; the model gives it one.
    document: Any = yaml.safe_load(DATA.read_text(encoding="utf-8"))
    return _Answers.model_validate(document)


_ANSWERERS: Final[Mapping[str, _Answerer]] = {
    "aws:index/getAvailabilityZones:getAvailabilityZones": _Answerer(
        _availability_zones, frozenset({"excludeNames", "excludeZoneIds", "filters", "region", "state"})
    ),
    "aws:index/getCallerIdentity:getCallerIdentity": _Answerer(_caller_identity),
    "aws:index/getPartition:getPartition": _Answerer(_partition),
    "aws:index/getRegion:getRegion": _Answerer(_get_region, frozenset({"endpoint", "name", "region"})),
    vpn_state.GET_VPN_CONNECTION: _Answerer(_vpn_connection, vpn_state.ARGUMENTS),
    ec2_answers.GET_AMI: _Answerer(_ami, ec2_answers.AMI_ARGUMENTS),
    ec2_answers.GET_ELASTIC_IP: _Answerer(_elastic_ip, ec2_answers.ELASTIC_IP_ARGUMENTS),
    tls_keys.GET_PUBLIC_KEY: _Answerer(_public_key, frozenset({"privateKeyOpenssh", "privateKeyPem"})),
}
