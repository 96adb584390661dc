"""What every command of a rehearsal works with: the request, the stage, the engine, and what they tell."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.text import Text

from rehearsal.audit import Audit, compare
from rehearsal.clouds.ledger import Ledger
from rehearsal.display import LiveView
from rehearsal.errors import InterruptedRehearsal, RehearsalError
from rehearsal.events import Record
from rehearsal.occupancy import Marker, Occupancy
from rehearsal.pulumi_cli import Outcome, PulumiCli, exported_state
from rehearsal.stage import Stage
from rehearsal.state import Deployment, parse_state

_DOING = {"preview": "Previewing", "up": "Updating", "refresh": "Refreshing", "destroy": "Destroying"}


@dataclass(frozen=True)
class Request:
    """What a person asks for.

    Attributes:
        stack: the stack's name.
        root: the project's root directory.
        faults: a file of faults to simulate, if any.
        checkpoints: whether the engine writes its state at every step, as in reality, and keeps it when killed.
        verbose: whether to show the engine's own output.
        import_pending: for `refresh`: the URN and the identifier of each interrupted creation that did happen.
        clear_pending: for `refresh`: whether all other interrupted creations are to be forgotten.
    """

    stack: str
    root: Path
    faults: Path | None = None
    checkpoints: bool = False
    verbose: bool = False
    import_pending: tuple[tuple[str, str], ...] = ()
    clear_pending: bool = False


@dataclass(frozen=True)
class Rehearsal:
    """A rehearsal that holds its stack's lock and has its engine: everything a command needs.

    Attributes:
        request: what a person asked for.
        stage: where everything lies.
        cli: the engine's command line.
        occupancy: the lock.
        console: where to tell what happens.
        began: when the rehearsal began, on the monotonic clock, in seconds.
    """

    request: Request
    stage: Stage
    cli: PulumiCli
    occupancy: Occupancy
    console: Console
    began: float = field(default_factory=time.monotonic)

    def state(self, *, secrets_in_the_clear: bool = False) -> Deployment:
        """The state as it is now."""
        return parse_state(exported_state(self.cli, secrets=secrets_in_the_clear))

    def audit(self, deployment: Deployment) -> Audit:
        """Compare the simulated clouds with a state."""
        ledger = Ledger(self.stage.ledger)
        try:
            return compare(ledger.objects(), deployment)
        finally:
            ledger.close()

    def operate(self, operation: str, *arguments: str, expected: int | None = None) -> tuple[Outcome, Record]:
        """Run an operation of the engine, show what it says, and return how it ended and what it did.

        Raises:
            InterruptedRehearsal: if a person interrupted it; the engine has ended.
            RehearsalError: if the engine was killed.
        """
        changing = operation != "preview"
        if changing:
            self.occupancy.begin(Marker(command=operation, checkpoints=self.request.checkpoints))
        with LiveView(self.console, _DOING[operation], expected) as view:
            outcome = self.cli.operate(operation, *arguments, watcher=view)
        if changing and outcome.orderly:
            self.occupancy.end()
        if outcome.interrupts:
            if changing and outcome.orderly:
                self.tell_findings(self.audit(self.state()))
            raise InterruptedRehearsal(operation)
        if outcome.code < 0:
            kept = "continues from the state it kept" if self.request.checkpoints else "starts clean"
            raise RehearsalError(
                f"The engine was killed (signal {-outcome.code}) during `{operation}`. The next rehearsal of "
                f"{self.stage.stack!r} {kept}."
            )
        if outcome.code and not view.record.complaints:
            self.console.print(Text(outcome.last_words), soft_wrap=True)
        return outcome, view.record

    def tell_findings(self, audit: Audit) -> None:
        """Tell every difference between the simulated clouds and the state."""
        for sentence in audit.sentences(self.stage.stack):
            self.console.print(Text(sentence), soft_wrap=True)

    def elapsed(self) -> float:
        """Seconds since the rehearsal began."""
        return time.monotonic() - self.began

    def change(self, *arguments: str) -> None:
        """Have the engine change the state by a command that needs no watching.

        Raises:
            RehearsalError: if the engine refuses.
        """
        self.occupancy.begin(Marker(command=arguments[0], checkpoints=self.request.checkpoints))
        try:
            self.cli.ask(*arguments)
        finally:
            self.occupancy.end()

    def say(self, text: str, style: str = "bold") -> None:
        """Tell a person something."""
        self.console.print(Text(text, style=style), soft_wrap=True)
