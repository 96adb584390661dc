"""The summary of a rehearsed estate: what a person wants to see after `up`, and nothing a machine would want.

It is fed from the stack's outputs alone, and shows what there is: another program's estate has no report, and then
the summary says what was done and no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from rich import box
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hybridge.topology import written_bandwidth

_KINDS = {"onprem": "on-premises", "aws": "AWS", "azure": "Azure", "gcp": "Google Cloud"}
_SEVERITIES = {"error": "bold red", "warning": "yellow"}


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)


class Site(_Part):
    """A site of the report."""

    name: str
    kind: str
    ranges: list[str] = Field(default_factory=list[str])
    asn: int | None = None
    edge: str = ""
    next_hop: str = ""


class Tunnel(_Part):
    """A tunnel of the report; `mtu` and `mss` in bytes."""

    name: str
    origin: str = Field("", alias="from")
    target: str = Field("", alias="to")
    inside: str = ""
    suite: str = ""
    mtu: int | None = None
    mss: int | None = None


class Link(_Part):
    """A link of the report."""

    name: str
    between: list[str] = Field(default_factory=list[str])
    via: str = ""
    standby: bool = False
    tunnels: list[Tunnel] = Field(default_factory=list[Tunnel])
    redundancy: str = ""
    sla: str = ""


class Flows(_Part):
    """What flows from one site to another need, and links carry; in bits per second."""

    origin: str
    to: str
    bandwidth: int
    burst: int
    links: list[str] = Field(default_factory=list[str])
    capacity: int
    after_failure: int
    worst_failure: str = ""
    shared: bool = False


class Forward(_Part):
    """A domain that another site answers for."""

    domain: str
    site: str
    servers: list[str] = Field(default_factory=list[str])


class Resolver(_Part):
    """A site's forwarding."""

    site: str
    forwards: list[Forward] = Field(default_factory=list[Forward])


class Forwarding(_Part):
    """Conditional forwarding between sites."""

    aws_sites: list[Resolver] = Field(default_factory=list[Resolver])
    onprem_sites: list[Resolver] = Field(default_factory=list[Resolver])


class Trust(_Part):
    """The root of trust."""

    root_name: str
    root_years: int
    algorithm: str = ""
    intermediate_years: int
    clusters: list[str] = Field(default_factory=list[str])


class Cost(_Part):
    """What the estate costs a month, in US dollars, as far as it is known."""

    monthly: float = 0
    unknown: list[str] = Field(default_factory=list[str])
    uncounted: list[str] = Field(default_factory=list[str])


class Problem(_Part):
    """A problem that planning found."""

    severity: str
    path: str = ""
    sentence: str
    remedy: str = ""


class Report(_Part):
    """What an estate says about itself."""

    stack: str = ""
    sites: list[Site] = Field(default_factory=list[Site])
    links: list[Link] = Field(default_factory=list[Link])
    flows: list[Flows] = Field(default_factory=list[Flows])
    dns: Forwarding = Field(default_factory=Forwarding)
    trust: Trust | None = None
    cost: Cost = Field(default_factory=Cost)
    problems: list[Problem] = Field(default_factory=list[Problem])


@dataclass(frozen=True)
class Facts:
    """What the rehearsal knows beside the report.

    Attributes:
        headline: what was done, as in `12 created`.
        seconds: how long it took.
        findings: what is wrong between the simulated clouds and the state, one sentence each.
        objects: how many objects the simulated clouds hold.
        written: the files for people.
        logs: the directory of the engine's output.
        root: the project's root, to which paths are told.
    """

    headline: str
    seconds: float
    findings: Sequence[str]
    objects: int
    written: Sequence[Path]
    logs: Path
    root: Path


def parse_report(output: object) -> Report | None:
    """The report in a stack output; None where there is none or another program's."""
    if isinstance(output, str):
        try:
            return Report.model_validate_json(output)
        except ValidationError:
            return None
    try:
        return Report.model_validate(output)
    except ValidationError:
        return None


def show_summary(console: Console, stack: str, report: Report | None, facts: Facts) -> None:
    """Print the summary.

    Args:
        console: where to.
        stack: the stack's name.
        report: the estate's report, if it has one.
        facts: what else there is to tell.
    """
    console.print()
    console.rule(Text(f"{stack}, rehearsed", style="bold"), align="left", characters="─")
    for part in _parts(report, facts):
        console.print()
        for line in part:
            console.print(line, soft_wrap=isinstance(line, Text))
    console.print()


def _parts(report: Report | None, facts: Facts) -> Iterable[list[RenderableType]]:
    if report is not None:
        if report.sites:
            yield [_sites(report.sites), *_next_hops(report.sites)]
        for link in report.links:
            yield _link(link)
        if report.flows:
            yield [_flows(report.flows)]
        services: list[RenderableType] = [*_forwarding(report.dns), *_trust(report.trust), *_cost(report.cost)]
        if services:
            yield services
        yield _problems(report.problems)
    if facts.findings:
        yield [_labelled("Clouds and state differ", "\n".join(facts.findings), "bold red")]
    else:
        objects = "1 object" if facts.objects == 1 else f"{facts.objects} objects"
        yield [_labelled("Audit", f"the simulated clouds hold {objects}, and the state says the same", "green")]
    if facts.written:
        yield _files(facts)
    yield [
        Text(
            f"{facts.headline[:1].upper()}{facts.headline[1:]} in {_duration(facts.seconds)}. "
            f"Full engine output: {_told(facts.logs, facts.root)}/"
        )
    ]


def _sites(sites: Sequence[Site]) -> RenderableType:
    table = _table("Site", "Kind", "Ranges", "ASN", "Edge")
    for site in sites:
        asn = "" if site.asn is None else str(site.asn)
        kind = _KINDS.get(site.kind, site.kind)
        cells = (kind, ", ".join(site.ranges), asn, site.edge)
        table.add_row(Text(site.name, style="bold"), *map(Text, cells))
    return table


def _next_hops(sites: Sequence[Site]) -> Iterable[Text]:
    for site in sites:
        if site.next_hop:
            yield Text(f"{site.name}: {site.next_hop}", style="dim")


def _link(link: Link) -> list[RenderableType]:
    title = Text.assemble(
        ("Link ", "bold"),
        (link.name, "bold cyan"),
        f"  {' ↔ '.join(link.between)}  via {link.via}",
        ", standby" if link.standby else "",
    )
    lines: list[RenderableType] = [title]
    if link.redundancy:
        lines.append(Text(f"  {link.redundancy}", style="dim"))
    if link.sla:
        lines.append(Text(f"  {link.sla}", style="dim"))
    if link.tunnels:
        suites = {tunnel.suite for tunnel in link.tunnels}
        sizes = {(tunnel.mtu, tunnel.mss) for tunnel in link.tunnels}
        lines.append(
            Padding(_tunnels(link.tunnels, suites=len(suites) > 1, sizes=len(sizes) > 1), (0, 0, 0, 2), expand=False)
        )
        first = link.tunnels[0]
        if len(sizes) == 1 and first.mtu is not None:
            mss = "" if first.mss is None else f", TCP segments of {first.mss} bytes"
            lines.append(Text(f"  Every tunnel carries packets of {first.mtu} bytes (MTU){mss}."))
        if len(suites) == 1 and first.suite:
            lines.append(Text(f"  Every tunnel is pinned to {first.suite}."))
    return lines


def _tunnels(tunnels: Sequence[Tunnel], *, suites: bool, sizes: bool) -> Table:
    # What all tunnels share is said once below the table, which leaves the columns room.
    headings = ["Tunnel", "From", "To", "Inside", *(["Suite"] if suites else []), *(["MTU", "MSS"] if sizes else [])]
    table = _table(*headings)
    for tunnel in tunnels:
        cells = [tunnel.name, tunnel.origin, tunnel.target, tunnel.inside]
        cells += [tunnel.suite] if suites else []
        cells += [_number(tunnel.mtu), _number(tunnel.mss)] if sizes else []
        table.add_row(*map(Text, cells))
    return table


def _flows(flows: Sequence[Flows]) -> RenderableType:
    table = _table("Flows", "Need", "At worst", "Links carry", "After the worst failure")
    for each in flows:
        left = written_bandwidth(each.after_failure) if each.after_failure else "nothing"
        cells = (
            written_bandwidth(each.bandwidth),
            written_bandwidth(each.burst),
            f"{written_bandwidth(each.capacity)} ({', '.join(each.links)}{', both ways' if each.shared else ''})",
            f"{left} ({each.worst_failure})",
        )
        table.add_row(Text(f"{each.origin} → {each.to}", style="bold"), *map(Text, cells))
    return table


def _forwarding(dns: Forwarding) -> Iterable[Text]:
    for resolver in (*dns.onprem_sites, *dns.aws_sites):
        for each in resolver.forwards:
            yield _labelled(
                "Names", f"{resolver.site} asks {each.site} for {each.domain} ({', '.join(each.servers)})", ""
            )


def _trust(trust: Trust | None) -> Iterable[Text]:
    if trust is not None:
        yield _labelled(
            "Trust",
            f"{trust.root_name}, {trust.algorithm}, {trust.root_years} years; intermediates of "
            f"{trust.intermediate_years} years for {', '.join(trust.clusters)}",
            "",
        )


def _cost(cost: Cost) -> Iterable[Text]:
    clauses: list[str] = []
    if cost.monthly:
        least = "at least " if cost.unknown else ""
        clauses.append(f"{least}{cost.monthly:,.2f} USD a month by list price, without traffic")
    if cost.unknown:
        clauses.append(f"not known {'; '.join(_by_region(cost.unknown))}")
    if clauses and cost.uncounted:
        clauses.append(f"not counted, as it depends on traffic: {', '.join(cost.uncounted)}")
    if clauses:
        yield _labelled("Cost", "; ".join(clauses), "")


def _by_region(items: Iterable[str]) -> list[str]:
    """Clauses such as `in us-west-2: aws.public-ipv4, aws.vpn.connection`, from items such as `aws.public-ipv4 in
    us-west-2`.
    """
    regions: dict[str, list[str]] = {}
    for each in items:
        item, _, region = each.rpartition(" in ")
        regions.setdefault(region, []).append(item)
    return [f"in {region}: {', '.join(found)}" for region, found in regions.items()]


def _problems(problems: Sequence[Problem]) -> list[RenderableType]:
    if not problems:
        return [_labelled("Problems", "none", "green")]
    lines: list[RenderableType] = [Text(f"Problems: {len(problems)}", style="bold")]
    for problem in problems:
        where = f" at {problem.path}" if problem.path else ""
        lines.append(
            Text.assemble(
                "  ", (problem.severity, _SEVERITIES.get(problem.severity, "bold")), f"{where}: {problem.sentence}"
            )
        )
        if problem.remedy:
            lines.append(Text(f"    {problem.remedy}", style="dim"))
    return lines


def _files(facts: Facts) -> list[RenderableType]:
    lines: list[RenderableType] = [Text("Written", style="bold")]
    lines += [Text(f"  {_told(path, facts.root)}") for path in facts.written]
    return lines


def _labelled(label: str, text: str, style: str) -> Text:
    return Text.assemble((f"{label}: " if "\n" not in text else f"{label}\n", "bold"), (text, style))


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False, header_style="bold")
    for heading in headings:
        right = heading in {"ASN", "MTU", "MSS", "Need", "At worst"}
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    return table


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _told(path: Path, root: Path) -> str:
    return str(path.relative_to(root)) if path.is_relative_to(root) else str(path)


def _duration(seconds: float) -> str:
    if seconds < 60:  # noqa: PLR2004 (a minute)
        return f"{seconds:.1f} s"
    return f"{int(seconds) // 60} min {int(seconds) % 60} s"
