"""A gateway instance: a Debian machine that cloud-init starts with the instance's user data.

Of cloud-init the modules that hybridge uses are done here as it does them: files are written, commands run in their
order. What the commands reach is the lab's: `systemctl` starts WireGuard and FRR themselves, and `aws` answers from the
simulated clouds (Secrets Manager) or notes what it is told (CloudWatch).
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any, Final, cast

import yaml

from . import daemons
from .errors import LabError
from .sketch import Machine

STANDINS: Final = Path(__file__).parent / "standins"
"""Programs of the lab's own."""
SECRETS: Final = "/etc/lab/secrets"
INSTANCE: Final = "/var/lib/cloud/data/instance-id"
LOG: Final = "/run/cloud-init.out"
METRICS: Final = "/run/metrics"
"""What CloudWatch was told, a line each."""
_DONE: Final = ("ntp",)
"""Modules that have nothing to do here: the machines share one clock."""


def boot(machine: Machine, user_data: str, instance_id: str, secrets: dict[str, str]) -> None:
    """Let a machine be what its user data makes of it.

    :param machine: the machine
    :param user_data: the instance's
    :param instance_id: EC2's name of it
    :param secrets: text of each secret that it may read, by ARN

    Raises LabError where the user data asks for what the lab does not do.
    """
    config = _config(user_data, machine.name)
    daemons.frr(machine)
    for entry in config.pop("write_files", []):
        machine.files[entry["path"]] = entry["content"]
    machine.files["/etc/sysctl.conf"] = ""  # `sysctl --system` is for what the instance brings, not for this machine's
    machine.files[INSTANCE] = f"{instance_id}\n"
    for number, (arn, text) in enumerate(secrets.items()):
        machine.files[f"{SECRETS}/{number}"] = f"{arn}\n{text}"
    machine.then.append(f"export PATH={shlex.quote(str(STANDINS))}:$PATH")
    machine.then += [
        f"{{ {shlex.join(command)}; }} >>{LOG} 2>&1 || {{ cat {LOG} >&2; exit 1; }}"
        for command in config.pop("runcmd", [])
    ]
    unknown = sorted(config.keys() - set(_DONE))
    if unknown:
        raise LabError(
            f"The user data of {machine.name} asks cloud-init for `{'`, `'.join(unknown)}`, which the lab cannot do."
        )


def _config(user_data: str, name: str) -> dict[str, Any]:
    try:
        config = yaml.safe_load(user_data) if user_data.startswith("#cloud-config\n") else None
    except yaml.YAMLError:
        config = None
    if not isinstance(config, dict):
        raise LabError(f"The user data of {name} is no cloud-config, so that nothing would start there.")
    return cast("dict[str, Any]", config)
