"""The environment the engine of a rehearsal runs in: written from scratch, so that no credential can slip through.

Providers, SDKs and command-line tools look for credentials in dozens of variables and in files below HOME, and new
ones appear with every release: a list of what to take away is never complete. So only what is named here is taken
over, and HOME is an empty private directory, which hides ~/.aws, ~/.azure, ~/.kube and ~/.config/gcloud as well.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

# What a program needs to find its tools, its language and its scratch space, and no more.
_TAKEN_OVER = ("LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "LOGNAME", "TMPDIR", "TZ", "USER")


@dataclass(frozen=True)
class Surroundings:
    """What the engine's environment is made from.

    Attributes:
        root: the project's root directory.
        program: the directory or file of the real program.
        programs: where the engine's executables lie, and OPA for the policies; they come first on PATH.
        python: the interpreter of the rehearsal.
        home: an empty private directory that stands for HOME.
        pulumi_home: the engine's own directory, with the simulated providers' plugins.
        backend: the directory of the rehearsal's state.
        passphrase: the file that holds the passphrase of the rehearsal's secrets.
        ledger: the file that records what exists in the simulated clouds.
        faults: a file of faults to simulate, if any.
        run: the identifier of this run.
        checkpoints: whether the state is written at every step, as in reality.
    """

    root: Path
    program: Path
    programs: tuple[Path, ...]
    python: Path
    home: Path
    pulumi_home: Path
    backend: Path
    passphrase: Path
    ledger: Path
    faults: Path | None
    run: str
    checkpoints: bool


def engine_environment(surroundings: Surroundings, ambient: Mapping[str, str]) -> dict[str, str]:
    """The variables the engine and everything it starts will see.

    Args:
        surroundings: the rehearsal's own places.
        ambient: the environment of the person who rehearses, from which little is taken over.
    """
    environment = {name: ambient[name] for name in _TAKEN_OVER if name in ambient}
    path = [*map(str, surroundings.programs), str(surroundings.python.parent), ambient.get("PATH", os.defpath)]
    environment |= {
        "PATH": os.pathsep.join(path),
        "HOME": str(surroundings.home),
        "PYTHONPATH": os.pathsep.join([str(surroundings.root), str(surroundings.root / "components")]),
        "AWS_EC2_METADATA_DISABLED": "true",  # a machine in a cloud has credentials without any variable or file
        "HYBRIDGE_CACHE": str(_cache(ambient)),
        "HYBRIDGE_REHEARSAL_LEDGER": str(surroundings.ledger),
        "HYBRIDGE_REHEARSAL_PROGRAM": str(surroundings.program),
        "HYBRIDGE_REHEARSAL_RUN": surroundings.run,
        # Without the files that hold each object's metadata: unlike the state, they are not written in one step, and
        # an engine that is killed may leave an empty one, after which nobody can read the state beside it.
        "PULUMI_BACKEND_URL": f"{surroundings.backend.as_uri()}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(surroundings.passphrase),
        "PULUMI_DEBUG_COMMANDS": "true",  # without it the engine keeps no event log
        "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_HOME": str(surroundings.pulumi_home),
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }
    if surroundings.faults is not None:
        environment["HYBRIDGE_REHEARSAL_FAULTS"] = str(surroundings.faults)
    if not surroundings.checkpoints:
        # Six times faster with a thousand resources; a crash loses no more than a simulation.
        environment |= {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
    return environment


def _cache(ambient: Mapping[str, str]) -> Path:
    # named outright, because its default hangs on the HOME that the rehearsal hides
    if "HYBRIDGE_CACHE" in ambient:
        return Path(ambient["HYBRIDGE_CACHE"])
    home = Path(ambient.get("HOME", "~")).expanduser()
    return Path(ambient.get("XDG_CACHE_HOME") or home / ".cache") / "hybridge"
