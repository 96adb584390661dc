"""What the engine says reaches a person once, in the words of the commands that are there."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from rehearsal.display import LiveView
from rehearsal.events import Diagnostic, EngineEvent

STACK = "urn:pulumi:acme::hybridge::"
EDGE_A = f"{STACK}hybridge:index:AwsSiteToSiteVpn$aws:ec2/vpnConnection:VpnConnection::acme-aws-a"
EDGE_B = f"{STACK}hybridge:index:AwsSiteToSiteVpn$aws:ec2/vpnConnection:VpnConnection::acme-aws-b"
KEY = f"{STACK}hybridge:index:OnpremWireguard$random:index/randomPassword:RandomPassword::acme-aws-a"
HUB = f"{STACK}hybridge:index:AwsSite$aws:ec2transitgateway/transitGateway:TransitGateway::aws-us"
SUBNET = f"{STACK}hybridge:index:AwsSite$aws:ec2/subnet:Subnet::aws-eu-gateway-1"
CANCELLED = "failed to run remediation: context canceled"


def told(*errors: tuple[str, str]) -> list[str]:
    """What is shown where the engine reports these errors, each of a resource."""
    console = Console(file=io.StringIO(), width=100)
    with LiveView(console, "Previewing") as view:
        for urn, message in errors:
            view.show(EngineEvent(diagnosticEvent=Diagnostic(urn=urn, message=message, severity="error")))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def removal(urn: str, operation: str = "Preview failed: ") -> tuple[str, str]:
    return urn, (
        f'{operation}resource "{urn}" cannot be deleted\nbecause it is protected. To unprotect the resource, either '
        "remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`, or use the command:\n"
        f"`pulumi state unprotect '{urn}'`"
    )


def replacement(urn: str) -> tuple[str, str]:
    return urn, (
        f'unable to replace resource "{urn}"\nas it is currently marked for protection. To unprotect the resource, '
        "remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`\n"
    )


def test_refused_removals_are_a_line_each_and_one_command() -> None:
    refused = "It is protected, so that it is not removed."
    assert told(removal(EDGE_B), removal(EDGE_A), removal(KEY), removal(EDGE_A, "")) == [
        f"error: aws:ec2:VpnConnection acme-aws-b: {refused}",
        f"error: aws:ec2:VpnConnection acme-aws-a: {refused}",
        f"error: random:index:RandomPassword acme-aws-a: {refused}",
        "`make unprotect STACK=acme NAME='acme-aws-a acme-aws-b'` lifts that protection in this rehearsal.",
    ]


def test_a_single_name_needs_no_quotes() -> None:
    assert told(removal(EDGE_A))[1].startswith("`make unprotect STACK=acme NAME=acme-aws-a` ")


def test_a_refused_replacement_names_what_allows_it() -> None:
    (line,) = told(replacement(HUB), replacement(HUB))
    assert line == (
        "error: aws:ec2transitgateway:TransitGateway aws-us: It is protected, and this would replace it. "
        "Where you want that, write `allow_replacement: [aws-us]` into the stack file."
    )


def test_what_goes_with_another_replacement_is_unprotected_in_the_rehearsal_alone() -> None:
    message = (
        f'unable to replace resource "{EDGE_A}" as part of replacing "{HUB}" as it is currently marked for protection. '
        "To unprotect the resource, remove the `protect` flag from the resource in your Pulumi program and run "
        f"`pulumi up`, or use the command:\n`pulumi state unprotect '{EDGE_A}'`"
    )
    (line,) = told((HUB, message))
    assert line.endswith("To unprotect the resource, run `make unprotect STACK=acme NAME=acme-aws-a`")


def test_what_an_error_cancels_is_no_error_of_its_own() -> None:
    assert told((HUB, "It has no tunnel."), (SUBNET, CANCELLED), ("", "update failed")) == [
        "error: aws:ec2transitgateway:TransitGateway aws-us: It has no tunnel."
    ]


@pytest.mark.parametrize("message", [CANCELLED, "update failed"])
def test_an_error_that_is_alone_is_shown(message: str) -> None:
    assert told((SUBNET, message)) == [f"error: aws:ec2:Subnet aws-eu-gateway-1: {message}"]


def test_an_error_that_only_mentions_a_cancellation_is_shown() -> None:
    assert len(told((HUB, "It has no tunnel."), (SUBNET, f"{CANCELLED}, as the disk is full"))) == 2
