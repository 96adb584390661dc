"""What every command of a rehearsal works with: the request, the stage, the engine, and what they tell."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.text import Text

from rehearsal.audit import Audit, compare
from rehearsal.clouds.faults import Operation
from rehearsal.clouds.ledger import Ledger
from rehearsal.display import LiveView
from rehearsal.errors import InterruptedRehearsal, RehearsalError
from rehearsal.events import Record
from rehearsal.interruptions import Interruptions
from rehearsal.occupancy import Marker, Occupancy
from rehearsal.pulumi_cli import Outcome, PulumiCli, exported_state
from rehearsal.stage import Stage
from rehearsal.state import Deployment, parse_state

_CHANGING = (Operation.CREATE, Operation.UPDATE, Operation.DELETE)
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
        names: for `unprotect`: the names of the resources.
    """

    stack: str
    root: Path
    faults: Path | None = None
    checkpoints: bool = False
    verbose: bool = False
    import_pending: tuple[tuple[str, str], ...] = ()
    clear_pending: bool = False
    names: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rehearsal:
    """A rehearsal that holds its stack's lock and has its engine: everything a command needs.

    Attributes:
        request: what a person asked for.
        stage: where everything lies.
        cli: the engine's command line.
        occupancy: the lock.
        console: where to tell what happens.
        run: what the ledger knows this run by.
        began: when the rehearsal began, on the monotonic clock, in seconds.
    """

    request: Request
    stage: Stage
    cli: PulumiCli
    occupancy: Occupancy
    console: Console
    run: str
    began: float = field(default_factory=time.monotonic)

    def state(self, *, secrets_in_the_clear: bool = False) -> Deployment:
        """The state as it is now."""
        return parse_state(exported_state(self.cli, secrets=secrets_in_the_clear))

    def audit(self, deployment: Deployment) -> Audit:
        """Compare the simulated clouds with a state."""
        with contextlib.closing(Ledger(self.stage.ledger)) as ledger:
            return compare(ledger.objects(), deployment)

    def operate(self, operation: str, *arguments: str, expected: int | None = None) -> tuple[Outcome, Record]:
        """Run an operation of the engine, show what it says, and return how it ended and what it did.

        Raises:
            InterruptedRehearsal: if a person interrupted it; the engine has ended.
            RehearsalError: if the engine was killed, or failed before it had written its state.
        """
        changing = operation != "preview"
        with (
            Interruptions() as interruptions,
            self._marked(operation, interruptions) if changing else contextlib.nullcontext(),
            LiveView(self.console, _DOING[operation], expected) as view,
        ):
            outcome = self.cli.operate(operation, *arguments, watcher=view, interruptions=interruptions)
        if outcome.code and not view.record.complaints:
            self.console.print(Text(outcome.last_words), soft_wrap=True)
        if interruptions.count:
            if changing and not self.occupancy.marked:
                self.tell_findings(self.audit(self.state()))
            raise InterruptedRehearsal(operation, self._aftermath())
        if outcome.code < 0 or self.occupancy.marked:
            end = f"was killed (signal {-outcome.code})" if outcome.code < 0 else f"failed (exit code {outcome.code})"
            raise RehearsalError(f"The engine {end} during `{operation}`. {self._aftermath()}")
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
            InterruptedRehearsal: if a person interrupted it; the engine has ended.
            RehearsalError: if the engine refuses.
        """
        with self._marked(arguments[0], Interruptions()):
            self.cli.ask(*arguments)

    def say(self, text: str, style: str = "bold") -> None:
        """Tell a person something."""
        self.console.print(Text(text, style=style), soft_wrap=True)

    @contextlib.contextmanager
    def _marked(self, command: str, interruptions: Interruptions) -> Generator[None]:
        """Leave a mark for the next run, and take it away once the state tells what the simulated clouds hold.

        No exit code says that: a panic of the engine is 1 or 2, and so are a program's error and a full disk. What
        says it is the engine's history, the last thing it writes. An engine that was told twice to stop writes it as
        well, but drops what the clouds are doing.
        """
        finished = self.stage.finished_updates()
        try:
            self.occupancy.begin(Marker(command=command, checkpoints=self.request.checkpoints))
            yield
        finally:
            told = self.stage.finished_updates() > finished and interruptions.passed_on <= 1
            if told or not self._touched():
                self.occupancy.end()

    def _touched(self) -> bool:
        """Whether this run asked the simulated clouds to change anything."""
        with contextlib.closing(Ledger(self.stage.ledger)) as ledger:
            return any(made.run == self.run and made.operation in _CHANGING for made in ledger.operations())

    def _aftermath(self) -> str:
        if not self.occupancy.marked:
            return "Nothing that it did is lost: run it again to go on."
        kept = "continues from the state it kept" if self.request.checkpoints else "starts clean"
        return f"Its state does not tell all that it did: the next rehearsal of {self.stage.stack!r} {kept}."
