"""Reads what the running stack's configuration holds beside its topology."""

from __future__ import annotations

import pulumi

from hybridge.planning import ConfiguredSecret, Settings
from hybridge.planning.secrets import setting_name


def configured_settings() -> Settings:
    """Return the project's settings in the stack's configuration beside its topology, by their names."""
    return {
        name: ConfiguredSecret(str(value), encrypted=pulumi.runtime.is_config_secret(key))
        for key, value in pulumi.runtime.config.CONFIG.get().items()
        if (name := setting_name(key))
    }
