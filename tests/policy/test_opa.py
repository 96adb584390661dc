"""One OPA a run, that nobody else can reach, and that ends with whoever asked it."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Thread

import pytest
from opa import Opa, OpaError
from rego import RULES

from tests.conftest import ROOT

TEXTS = sorted(RULES.rglob("*.rego"))
PATIENCE = 60.0
"""Seconds after which a test that waits for another process gives up on it."""

ASKER = """
import sys, time
from pathlib import Path
from opa import Opa
asked = Opa([Path(text) for text in sys.argv[1:]])
asked.violations("required_limits", {"object": {}}, {})
print("asked", flush=True)
time.sleep(600)
"""


@pytest.fixture
def place(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files go, with a name that is short enough for a socket."""
    place = tmp_path_factory.mktemp("t")
    monkeypatch.setenv("TMPDIR", str(place))
    monkeypatch.setattr("tempfile.tempdir", None)
    return place


def ask(asked: Opa) -> list[str]:
    return asked.violations("required_limits", {"object": {"spec": {"containers": [{"name": "web"}]}}}, {})


def servers(place: Path) -> list[int]:
    """The processes that were told of a socket in a place, or watch over one that was."""
    found: list[int] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
        except OSError:
            continue  # it has just ended
        if os.fsencode(place / "hybridge-opa-") in command:
            found.append(int(process.name))
    return found


def until(happened: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not happened():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.02)


def fake(place: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Put a shell script on the PATH as OPA."""
    program = place / "opa"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(place), prepend=os.pathsep)


@pytest.mark.usefixtures("opa_on_path")
class TestServer:
    def test_it_starts_with_the_first_question_and_leaves_nothing(self, place: Path) -> None:
        asked = Opa(TEXTS)
        assert list(place.iterdir()) == []
        assert len(ask(asked)) == 2
        (directory,) = place.iterdir()
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700
        assert [path.name for path in directory.iterdir()] == ["opa.sock"]
        asked.close()
        assert list(place.iterdir()) == []
        assert servers(place) == []

    def test_many_who_ask_at_once_share_one(self, place: Path) -> None:
        asked = Opa(TEXTS)
        answers: list[list[str]] = []
        askers = [Thread(target=lambda: answers.append(ask(asked))) for _ in range(8)]
        for asker in askers:
            asker.start()
        for asker in askers:
            asker.join()
        assert [len(answer) for answer in answers] == [2] * 8
        assert len(list(place.iterdir())) == 1
        asked.close()

    @pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
    def test_it_ends_with_the_one_who_asked_however_that_ends(self, place: Path, by: signal.Signals) -> None:
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "policy")}
        asker = subprocess.Popen(
            [sys.executable, "-c", ASKER, *map(str, TEXTS)],
            env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert asker.stdout is not None
        assert asker.stdout.readline() == "asked\n"
        assert servers(place)
        asker.send_signal(by)
        assert asker.wait(PATIENCE) == -by
        until(lambda: not servers(place))
        until(lambda: list(place.iterdir()) == [])

    def test_one_that_is_gone_is_said_to_be_gone(self, place: Path) -> None:
        asked = Opa(TEXTS)
        ask(asked)
        asked.close()
        with pytest.raises(OpaError, match="OPA gave no answer"):
            ask(asked)

    def test_a_place_with_a_long_name_has_no_room_for_a_socket(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        place = tmp_path / ("long" * 30)
        place.mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(place))
        asked = Opa(TEXTS)
        assert len(ask(asked)) == 2
        assert list(place.iterdir()) == []
        asked.close()

    def test_a_rule_that_is_no_rego_is_told_in_opas_own_words(self, place: Path, tmp_path: Path) -> None:
        broken = tmp_path / "broken.rego"
        broken.write_text("package hybridge.broken\n\nviolation contains {\n")
        with pytest.raises(OpaError, match=r"OPA could not be started: .*broken\.rego.*rego_parse_error") as caught:
            ask(Opa([broken]))
        assert "\n" not in str(caught.value)
        assert list(place.iterdir()) == []


class TestStart:
    def test_a_failure_is_kept_and_not_repeated(
        self, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fake(tmp_path, monkeypatch, f'echo once >> "{tmp_path}/starts"; echo "error: no room" >&2; exit 1')
        asked = Opa(TEXTS)
        for _ in range(2):
            with pytest.raises(OpaError, match="OPA could not be started: error: no room"):
                ask(asked)
        assert (tmp_path / "starts").read_text() == "once\n"
        assert list(place.iterdir()) == []

    def test_it_sees_no_variable_of_the_pack_and_asks_nobody_for_news(
        self, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fake(tmp_path, monkeypatch, f'env > "{tmp_path}/seen"; echo "$@" > "{tmp_path}/told"; exit 1')
        monkeypatch.setenv("PULUMI_CONFIG", "the stack's secrets")
        with pytest.raises(OpaError, match="it ended without a word"):
            ask(Opa(TEXTS))
        names = {line.partition("=")[0] for line in (tmp_path / "seen").read_text().splitlines()}
        assert names <= {"PATH", "PWD", "OLDPWD", "SHLVL", "_"}
        assert "--skip-version-check" in (tmp_path / "told").read_text().split()

    def test_without_an_opa_a_sentence_says_where_one_is(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(OpaError, match="is not on PATH: `make engine` provides it"):
            ask(Opa(TEXTS))
