"""Tells of quotas that AWS gives to everybody and that an estate exceeds.

AWS raises most of them on request and may have done so already, so they are warnings, each of the same shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from hybridge.topology import AwsSite, Problem, Severity, path_of

from . import limits
from .telling import others_told


def account_of(site: AwsSite) -> tuple[str, str]:
    """Return the Region and the account whose quotas a site counts in; without an account it is the caller's."""
    return site.region, site.identity.account if site.identity else ""


def quota_problem(place: str, who: str, count: int, limit: str) -> Iterator[Problem]:
    """Find whether something needs more than AWS gives without being asked.

    :param place: where in the stack file it is told
    :param who: what needs it, as one thing and as the beginning of a sentence
    :param count: how much it needs
    :param limit: the quota's name
    """
    most = limits.limits()[limit]
    if count > limits.number(limit):
        yield Problem(
            place,
            f"{who} needs {count} {most.unit}, and AWS gives {most.value} unless it was asked for more.",
            f"Have the quota raised before `pulumi up` ({most.reference}).",
            Severity.WARNING,
        )


def _site_place(name: str) -> str:
    return path_of("sites", name)


def account_problem(
    region: str, needs: Mapping[str, int], limit: str, place: Callable[[str], str] = _site_place
) -> Iterator[Problem]:
    """Find whether the sites of one account in one Region need more together; told at the last one that needs any.

    :param region: the Region
    :param needs: how much each site needs, by name
    :param limit: the quota's name
    :param place: where in the stack file it is told, of a site's name
    """
    names = [name for name, count in needs.items() if count]
    if names:
        who = f"In {region} the account of {others_told(names[-1], len(names) - 1)}"
        yield from quota_problem(place(names[-1]), who, sum(needs.values()), limit)
