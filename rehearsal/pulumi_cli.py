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
        interrupts: how often a person interrupted it.
        last_words: the end of what the engine printed, for failures that no event tells of.
    """

    code: int
    interrupts: int
    last_words: str

    @property
    def orderly(self) -> bool:
        """Whether the engine ended by itself and so has written its state."""
        return self.code >= 0 and self.interrupts <= 1


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
            RehearsalError: if the command fails.
        """
        process = self._start(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            answer, complaint = process.communicate()
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)
            process.communicate()
            raise InterruptedRehearsal(arguments[0]) from None
        if process.returncode:
            said = complaint.decode(errors="replace").strip() or answer.decode(errors="replace").strip()
            raise RehearsalError(f"The engine refuses `pulumi {' '.join(arguments[:2])}`: {said}")
        return answer.decode()

    def operate(self, operation: str, *arguments: str, watcher: Watcher) -> Outcome:
        """Run an operation to its end and pass on what it says while it runs.

        The first Ctrl-C asks the engine to finish what is under way and stop; it is waited for. Each further one is
        passed on too, and makes it drop everything.

        Args:
            operation: `preview`, `up`, `refresh` or `destroy`.
            arguments: its options.
            watcher: who watches.
        """
        log = self.logs / f"{operation}.log"
        options = (*arguments, "--non-interactive", "--color", "never")
        with EventStream() as stream, _private(log) as written, log.open("rb") as output:
            process = self._start(
                (operation, *options, "--event-log", stream.address), stdout=written, stderr=subprocess.STDOUT
            )
            interrupts = 0
            while process.poll() is None:
                try:
                    self._pass_on(stream, output, watcher)
                    with contextlib.suppress(subprocess.TimeoutExpired):
                        process.wait(_PAUSE)
                except KeyboardInterrupt:
                    interrupts += 1
                    process.send_signal(signal.SIGINT)
            self._pass_on(stream, output, watcher)
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return Outcome(process.returncode, interrupts, "\n".join(lines[-_LAST_WORDS:]))

    def _pass_on(self, stream: EventStream, output: IO[bytes], watcher: Watcher) -> None:
        for event in stream.news():
            watcher.show(event)
        if self.verbose and (news := output.read()):
            watcher.say(news.decode(errors="replace"))

    def _start(
        self, arguments: tuple[str, ...], *, stdout: IO[bytes] | int, stderr: IO[bytes] | int
    ) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
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
