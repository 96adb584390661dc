"""OPA, asked about rules: one server a run of the pack, on a socket that nobody else can reach.

It starts with the first question and ends with the pack, however that ends: whoever watches over it holds the other
end of a pipe, and a pipe closes even when its writer is killed. The server is asked rather than the program started
for each question, as a start takes 80 ms and a question half of one.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO, Any, Final, cast

_PATIENCE: Final = 60.0
"""Seconds that OPA may take for its start and for an answer, on the slowest of machines."""
_PAUSE: Final = 0.005
"""Seconds between two looks at a server that starts, which takes 80 ms."""
_SOCKET: Final = "opa.sock"
_LONGEST_SOCKET: Final = 103
"""Bytes in the path of a socket: macOS takes that many, Linux four more (sun_path in sys/un.h)."""

_WATCH: Final = """
directory=$1; shift
exec 3<&0
"$@" 3<&- </dev/null &
opa=$!
{ read -r _ <&3; kill -KILL $opa; } 2>/dev/null &  # nothing is ever written: reading ends when the pack does
exec 3<&- </dev/null
wait $opa
code=$?
rm -rf "$directory"
kill $! 2>/dev/null
exit $code
"""


class OpaError(Exception):
    """There is no OPA to ask; the message is a sentence for the person who previews."""


class Opa:
    """An OPA server that is started when it is first asked.

    Args:
        rules: the Rego files that it judges by.
    """

    def __init__(self, rules: Iterable[Path]) -> None:
        self._rules = [str(rule) for rule in rules]
        self._starting = threading.Lock()
        self._server: _Server | None = None
        self._failure: OpaError | None = None

    def violations(self, rule: str, review: Mapping[str, object], parameters: Mapping[str, object]) -> list[str]:
        """Return what a rule has against an object, in sentences; that it cannot be judged is one too.

        Args:
            rule: the package of the rule, below `hybridge`.
            review: Gatekeeper's `input.review`, with the object in it.
            parameters: Gatekeeper's `input.parameters`, which a constraint gives to its rule.

        Raises:
            OpaError: if OPA cannot be started, or is gone.
        """
        question = json.dumps({"input": {"review": review, "parameters": parameters}})
        status, answer = self._ask("POST", f"/v1/data/hybridge/{rule}/violation?strict-builtin-errors=true", question)
        found = answer.get("result")
        # A rule that is not there has no result, and must not pass for one without violations.
        if status != http.HTTPStatus.OK or not isinstance(found, list):
            errors = cast("list[dict[str, str]]", answer.get("errors", []))
            why = "; ".join(str(error.get("message")) for error in errors) or answer.get("message", "no such rule")
            return [f"The rule {rule} cannot judge this object: {why}."]
        return sorted(violation["msg"] for violation in cast("list[dict[str, str]]", found))

    def close(self) -> None:
        """End the server, where one was started."""
        if self._server is not None:
            self._server.end()

    def _ask(self, method: str, path: str, question: str) -> tuple[int, dict[str, Any]]:
        connection = _Connection(self._started().socket)
        try:
            connection.request(method, path, question, {"Content-Type": "application/json"})
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise OpaError(f"OPA gave no answer ({str(error) or type(error).__name__}).") from error
        finally:
            connection.close()

    def _started(self) -> _Server:
        """Return the server; where it could not be started once, it is not tried again."""
        with self._starting:
            if self._failure is not None:
                raise self._failure
            if self._server is None:
                try:
                    self._server = _Server(self._rules)
                except OpaError as error:
                    self._failure = error
                    raise
            return self._server


class _Connection(http.client.HTTPConnection):
    """HTTP over a socket in the file system."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class _Server:
    """A server that answers, in a directory of its own, and who watches over it."""

    def __init__(self, rules: list[str]) -> None:
        program = shutil.which("opa")
        if program is None:
            raise OpaError(
                "OPA, which judges by this rule, is not on PATH: `make engine` provides it, `make env` puts it there."
            )
        directory = _private_directory()
        self.socket = str(directory / _SOCKET)
        command = [
            program, "run", "--server", "--addr", f"unix://{self.socket}", "--skip-version-check",
            "--log-level", "error", "--log-format", "text", *rules,
        ]  # fmt: skip
        with tempfile.TemporaryFile() as said:
            self._watch = subprocess.Popen(
                ["/bin/sh", "-c", _WATCH, "sh", str(directory), *command],
                stdin=subprocess.PIPE,
                stdout=said,
                stderr=said,
                env={"PATH": os.environ.get("PATH", os.defpath)},  # the pack's variables hold the stack's secrets
                start_new_session=True,  # a Ctrl-C is the engine's to hear: it has questions while it stops
            )
            if not self._answers():
                self.end()
                raise OpaError(f"OPA could not be started: {_complaint(said)}")

    def end(self) -> None:
        """End the server and remove its directory."""
        cast("IO[bytes]", self._watch.stdin).close()
        self._watch.wait()

    def _answers(self) -> bool:
        """Wait until it takes connections, and say whether it ever did."""
        end = time.monotonic() + _PATIENCE
        while self._watch.poll() is None and time.monotonic() < end:
            connection = _Connection(self.socket)
            try:
                connection.connect()
            except OSError:
                time.sleep(_PAUSE)
            else:
                return True
            finally:
                connection.close()
        return False


def _private_directory() -> Path:
    """Make a directory for its owner alone, with a name that leaves room for that of a socket."""
    directory = Path(tempfile.mkdtemp(prefix="hybridge-opa-"))
    if len(os.fsencode(directory / _SOCKET)) <= _LONGEST_SOCKET:
        return directory
    directory.rmdir()
    return Path(tempfile.mkdtemp(prefix="hybridge-opa-", dir="/tmp"))


def _complaint(said: IO[bytes]) -> str:
    said.seek(0)
    lines = said.read().decode(errors="replace").strip().splitlines()
    return " ".join(line.strip() for line in lines[:2]) or "it ended without a word."  # the second line names the place
