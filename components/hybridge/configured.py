"""Looks secrets up in the running stack's configuration."""

from __future__ import annotations

import pulumi

from hybridge.planning import ConfiguredSecret
from hybridge.planning.secrets import NAMESPACE


def configured_secret(name: str) -> ConfiguredSecret | None:
    """Return what the stack's configuration holds as `hybridge:NAME`, if anything.

    :param name: the secret's name, without the namespace
    """
    value = pulumi.runtime.get_config(f"{NAMESPACE}:{name}")
    if value is None:
        return None
    return ConfiguredSecret(value, encrypted=pulumi.runtime.is_config_secret(f"{NAMESPACE}:{name}"))
