"""What a person sees while the engine works: one live line, every word of complaint, then what changed.

The live line is for terminals alone; in a pipe or a CI log, only what stays worth reading is written.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from itertools import groupby
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.status import Status
from rich.text import Text

from rehearsal.events import VERBS, Diagnostic, EngineEvent, PolicyViolation, Record, Step

_SIGNS = {
    "created": ("+", "green"),
    "imported": ("=", "green"),
    "updated": ("~", "yellow"),
    "replaced": ("±", "magenta"),
    "deleted": ("-", "red"),
}
_SEVERITIES = {"error": "bold red", "warning": "yellow"}
# the engine's own word that something went wrong, which adds nothing once that something was told
_ECHOES = frozenset({"update failed", "preview failed", "refresh failed", "destroy failed"})
# how an error ends that says only that another one has stopped everything
_CANCELLED = "context canceled"

# The engine's words on protected resources. Nobody passes `protect` in a program of this house, and in a person's shell
# the command would mean the real stack of the same name.
_URN = r"urn:pulumi:(?P<stack>[^:\"']+)::[^\"']+::(?P<name>[^:\"']+)"
_NOT_REMOVED = re.compile(rf'resource "(?P<urn>{_URN})" cannot be deleted\s+because it is protected')
_NOT_REPLACED = re.compile(rf'unable to replace resource "(?P<urn>{_URN})"\s+as it is currently marked for protection')
_UNPROTECT = re.compile(
    r"(?:remove the `protect` flag from the resource in your Pulumi\s+program and run `pulumi up`, or use the "
    rf"command:\s+)?`pulumi state unprotect '{_URN}'`"
)


class LiveView:
    """The console during one operation of the engine; a context manager that owns the live line.

    Args:
        console: where to write.
        doing: what is under way, as in `Previewing`.
        expected: how many resources there are, where a preview has counted them.

    Attributes:
        record: what the events so far tell.
    """

    def __init__(self, console: Console, doing: str, expected: int | None = None) -> None:
        self._console = console
        self._doing = doing
        self._expected = expected
        self.record = Record()
        self._unfinished: dict[str, str] = {}
        self._refused: dict[str, re.Match[str]] = {}
        self._status: Status | None = None

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._status = self._console.status(Text(f"{self._doing} …"))
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()
        if kind is None:
            self._advise()

    def show(self, event: EngineEvent) -> None:
        """Take in an event: say what is to be said at once, and renew the live line."""
        self.record.note(event)
        if event.diagnostic is not None and not event.diagnostic.ephemeral:
            self._tell(event.diagnostic)
        elif event.violation is not None:
            self._object(event.violation)
        elif event.fault is not None:
            self._write("error", "the engine itself failed", event.fault.error)
        elif self._status is not None:
            self._status.update(self._line(event))

    def say(self, text: str) -> None:
        """Pass on a piece of the engine's own output as it is."""
        self._console.print(Text(text), soft_wrap=True, end="")

    def _tell(self, diagnostic: Diagnostic) -> None:
        message = diagnostic.message.strip()
        if not message or (_only_follows(message) and self.record.complaints > 1):
            return
        if (refused := _NOT_REMOVED.search(message) or _NOT_REPLACED.search(message)) is not None:
            self._refuse(refused)
            return
        message = _UNPROTECT.sub(r"run `make unprotect STACK=\g<stack> NAME=\g<name>`", message)
        if diagnostic.severity in _SEVERITIES:
            self._write(diagnostic.severity, _subject(diagnostic.urn), message)
        else:
            self._console.print(Text(message), soft_wrap=True)

    def _refuse(self, refused: re.Match[str]) -> None:
        """Tell of a protected resource, once: the engine may find it protected in two steps."""
        if refused["urn"] in self._refused:
            return
        self._refused[refused["urn"]] = refused
        if refused.re is _NOT_REMOVED:
            told = "It is protected, so that it is not removed."
        else:
            allow = f"`allow_replacement: [{refused['name']}]`"
            told = (
                f"It is protected, and this would replace it. Where you want that, write {allow} into the stack file."
            )
        self._write("error", _subject(refused["urn"]), told)

    def _advise(self) -> None:
        """Give one command for all that is protected and was to be removed."""
        removals = [refused for refused in self._refused.values() if refused.re is _NOT_REMOVED]
        if removals:
            names = shlex.quote(" ".join(sorted({refused["name"] for refused in removals})))
            command = f"`make unprotect STACK={removals[0]['stack']} NAME={names}`"
            self._console.print(Text(f"{command} lifts that protection in this rehearsal."), soft_wrap=True)

    def _object(self, violation: PolicyViolation) -> None:
        severity = "error" if violation.level == "mandatory" else "warning"
        about = f"policy {violation.policy} ({violation.pack}, {violation.level})"
        subject = _subject(violation.urn)
        self._write(severity, f"{about}, {subject}" if subject else about, violation.message.strip())

    def _write(self, severity: str, about: str, message: str) -> None:
        text = Text.assemble((severity, _SEVERITIES[severity]), ": ", (f"{about}: " if about else "", "bold"), message)
        self._console.print(text, soft_wrap=True)

    def _line(self, event: EngineEvent) -> Text:
        if event.begins is not None:
            step = event.begins.metadata
            self._unfinished[step.urn] = f"{step.op} {short_type(step.type)} {step.name}"
        for end in (event.done, event.failed):
            if end is not None:
                self._unfinished.pop(end.metadata.urn, None)
        total = f" of {self._expected}" if self._expected else ""
        line = Text(f"{self._doing}: {len(self.record.seen)}{total} resources", style="bold")
        if self._unfinished:
            line.append(f"  {next(iter(self._unfinished.values()))}", style="dim")
            if len(self._unfinished) > 1:
                line.append(f" and {len(self._unfinished) - 1} more", style="dim")
        line.truncate(max(20, self._console.width - 4), overflow="ellipsis")
        return line


def show_changes(console: Console, record: Record, *, planned: bool = False) -> None:
    """Name what changed, grouped by what happened and by type; say so where nothing did.

    Args:
        console: where to write.
        record: what the engine did.
        planned: whether it was only a preview.
    """
    if not record.steps:
        console.print("Nothing would change." if planned else "Nothing changed.", style="bold")
        return
    for verb, (sign, style) in _SIGNS.items():
        steps = [step for step in record.steps if VERBS[step.op] == verb]
        if steps:
            console.print(Text(f"{'to be ' if planned else ''}{verb}: {len(steps)}", style=f"bold {style}"))
            _show_steps(console, steps, sign, style)


def _show_steps(console: Console, steps: Iterable[Step], sign: str, style: str) -> None:
    for type_, group in groupby(sorted(steps, key=lambda step: (step.type, step.name)), key=lambda step: step.type):
        named = [_with_reason(step) for step in group]
        together = Text(", ").join(named)
        console.print(Text.assemble(f"  {sign} ", (short_type(type_), style), "  ", together), soft_wrap=True)


def _with_reason(step: Step) -> Text:
    paths = step.replacing_properties() if step.op == "replace" else step.changed_properties()
    if step.op not in {"replace", "update"} or not paths:
        return Text(step.name)
    shown = ", ".join(paths[:4]) + (f" and {len(paths) - 4} more" if len(paths) > 4 else "")  # noqa: PLR2004
    return Text.assemble(step.name, (f" ({shown})", "dim"))


def counted(counts: Mapping[str, int], *, planned: bool = False) -> str:
    """A clause such as `12 created, 1 updated`, or that nothing changed."""
    if not counts:
        return "nothing would change" if planned else "nothing changed"
    parts = (f"{number} {'to be ' if planned else ''}{verb}" for verb, number in counts.items())
    return ", ".join(parts)


def short_type(type_: str) -> str:
    """A resource type without the module file that repeats it: `aws:ec2/vpnGateway:VpnGateway` to
    `aws:ec2:VpnGateway`.
    """
    package, _, rest = type_.partition(":")
    module, _, name = rest.rpartition(":")
    folder, _, file = module.partition("/")
    return f"{package}:{folder}:{name}" if file else type_


def _only_follows(message: str) -> bool:
    """Whether an error adds nothing to one that was told before."""
    return message in _ECHOES or (message.endswith(_CANCELLED) and "\n" not in message)


def _subject(urn: str) -> str:
    if not urn:
        return ""
    type_, _, name = urn.rpartition("::")
    type_ = type_.rpartition("::")[2].rpartition("$")[2]
    return "" if type_ == "pulumi:pulumi:Stack" else f"{short_type(type_)} {name}"
