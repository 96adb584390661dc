"""A copy of the project, rehearsed by the real command: what the engine tests work on."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.clouds.ledger import Ledger, LedgerObject
from tests.conftest import ROOT


@dataclass(frozen=True)
class Outcome:
    """What a command of the rehearsal told, and its exit code."""

    code: int
    text: str

    def counted(self, what: str) -> int:
        """How many resources were created, updated, replaced or deleted."""
        found = re.search(rf"^{what}: (\d+)$", self.text, re.MULTILINE)
        return int(found[1]) if found else 0


@dataclass(frozen=True)
class Project:
    """A copy of the program, its stacks and its policies, beside nothing that is tracked."""

    root: Path
    stack: str = "minimal"

    @classmethod
    def copied(cls, root: Path) -> Project:
        for name in ("Pulumi.yaml", "__main__.py"):
            shutil.copy(ROOT / name, root / name)
        for name in ("policy", "stacks"):
            shutil.copytree(ROOT / name, root / name)
        # The policy pack names its environment relative to itself.
        (root / ".venv").symlink_to(sys.prefix)
        return cls(root)

    @property
    def state(self) -> Path:
        """Where its rehearsals keep what is theirs."""
        return self.root / ".rehearsal" / self.stack

    @property
    def stack_file(self) -> Path:
        return self.root / "stacks" / f"Pulumi.{self.stack}.yaml"

    def command(self, *arguments: str) -> list[str]:
        command, *options = arguments
        return [sys.executable, "-m", "rehearsal", command, self.stack, "--root", str(self.root), *options]

    def run(self, *arguments: str, **environment: str) -> Outcome:
        """Run a command of the rehearsal to its end."""
        done = subprocess.run(
            self.command(*arguments),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            env=self.environment(**environment),
            timeout=300,
        )
        return Outcome(done.returncode, done.stdout)

    def environment(self, **more: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {**kept, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'components'}", **more}

    def edit(self, old: str, new: str) -> None:
        """Change the stack file."""
        text = self.stack_file.read_text(encoding="utf-8")
        assert old in text
        self.stack_file.write_text(text.replace(old, new), encoding="utf-8")

    @property
    def ledger(self) -> Path:
        return self.state / "ledger.sqlite"

    def objects(self) -> list[LedgerObject]:
        """What the simulated clouds hold."""
        if not self.ledger.exists():
            return []
        with closing(Ledger(self.ledger)) as ledger:
            return ledger.objects()

    def exported(self) -> dict[str, Any]:
        """The state, as the engine exports it."""
        done = subprocess.run(
            self.command("export"), capture_output=True, text=True, cwd=ROOT, env=self.environment(), timeout=60
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def forget(self) -> None:
        """Throw every rehearsal away, as nobody would do with a real cloud."""
        shutil.rmtree(self.root / ".rehearsal", ignore_errors=True)
