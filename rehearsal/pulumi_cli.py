"""Runs the engine's command line in a staged workspace: answers to questions, and operations one can watch."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from rehearsal.errors import InterruptedRehearsal, RehearsalError
from rehearsal.events import EngineEvent, EventStream
from rehearsal.interruptions import Interruptions

_PAUSE = 0.1  # seconds between two looks at a running engine: what an eye takes for at once
_LAST_WORDS = 20  # lines of the engine's output to show where it failed without saying why


class Watcher(Protocol):
    """Who watches an operation."""

    def show(self, event: EngineEvent) -> None:
        """Take in an event."""
        ...

    def say(self, text: str) -> None:
        """Take in a piece of the engine's own output."""
        ...


@dataclass(frozen=True)
class Outcome:
    """How an operation ended.

    Attributes:
        code: the engine's exit code; negative where a signal ended it, as in -9.
        last_words: the end of what the engine printed, for failures that no event tells of.
    """

    code: int
    last_words: str


@dataclass(frozen=True)
class PulumiCli:
    """The engine's command line, bound to one stack of one workspace.

    Attributes:
        executable: the engine.
        project: the staged project's directory.
        stack: the stack's name.
        environment: everything the engine sees of its surroundings.
        lock: a file descriptor that the engine keeps open as long as it or a plugin of it lives.
        logs: the directory that takes the engine's output, one file an operation.
        verbose: whether a watcher hears the engine's own output.
    """

    executable: Path
    project: Path
    stack: str
    environment: Mapping[str, str]
    lock: int
    logs: Path
    verbose: bool

    def ask(self, *arguments: str) -> str:
        """What the engine answers on its standard output; it may hold secrets and is never written down.

        Args:
            arguments: the command without `pulumi` and without the stack, as in `stack`, `export`.

        Raises:
            InterruptedRehearsal: if a person interrupted it; the engine has ended.
            RehearsalError: if the command fails.
        """
        with (
            Interruptions() as interruptions,
            self._engine(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process,
        ):
            while True:
                interruptions.pass_on(process)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    answer, complaint = process.communicate(timeout=_PAUSE)
                    break
        if interruptions.count:
            raise InterruptedRehearsal(arguments[0])
        if process.returncode:
            said = complaint.decode(errors="replace").strip() or answer.decode(errors="replace").strip()
            raise RehearsalError(f"The engine refuses `pulumi {' '.join(arguments[:2])}`: {said}")
        return answer.decode()

    def operate(self, operation: str, *arguments: str, watcher: Watcher, interruptions: Interruptions) -> Outcome:
        """Run an operation to its end and pass on what it says while it runs.

        The first Ctrl-C asks the engine to finish what is under way and stop; it is waited for. Each further one is
        passed on too, and makes it drop everything.

        Args:
            operation: `preview`, `up`, `refresh` or `destroy`.
            arguments: its options.
            watcher: who watches.
            interruptions: what counts every Ctrl-C already.
        """
        log = self.logs / f"{operation}.log"
        options = (*arguments, "--non-interactive", "--color", "never")
        with (
            EventStream() as stream,
            _private(log) as written,
            log.open("rb") as output,
            self._engine(
                (operation, *options, "--event-log", stream.address), stdout=written, stderr=subprocess.STDOUT
            ) as process,
        ):
            while process.poll() is None:
                interruptions.pass_on(process)
                self._pass_on(stream, output, watcher)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_PAUSE)
            self._pass_on(stream, output, watcher)
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return Outcome(process.returncode, "\n".join(lines[-_LAST_WORDS:]))

    def _pass_on(self, stream: EventStream, output: IO[bytes], watcher: Watcher) -> None:
        for event in stream.news():
            watcher.show(event)
        if self.verbose and (news := output.read()):
            watcher.say(news.decode(errors="replace"))

    @contextlib.contextmanager
    def _engine(
        self, arguments: tuple[str, ...], *, stdout: IO[bytes] | int, stderr: IO[bytes] | int
    ) -> Generator[subprocess.Popen[bytes]]:
        """An engine that has ended when this is left, whatever fails here: a closed pipe, a full disk."""
        process = subprocess.Popen(
            [str(self.executable), *arguments, "--stack", self.stack],
            cwd=self.project,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            pass_fds=(self.lock,),
            # A terminal sends Ctrl-C to everybody in the foreground; the engine takes a second one as an order to
            # drop everything. In a session of its own it hears of it once, from here.
            start_new_session=True,
            umask=0o077,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.communicate()


def exported_state(cli: PulumiCli, *, secrets: bool) -> str:
    """The stack's state as JSON.

    Args:
        cli: the stack's command line.
        secrets: whether secrets are in the clear; such a text stays in memory.
    """
    return cli.ask("stack", "export", *(["--show-secrets"] if secrets else []))


@contextlib.contextmanager
def _private(path: Path) -> Generator[IO[bytes]]:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600), "wb") as file:
        yield file
