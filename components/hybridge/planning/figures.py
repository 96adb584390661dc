"""Figures that come with the package, each file a mapping of names."""

from __future__ import annotations

from importlib.resources import files

import yaml


def figures(name: str) -> object:
    """Return what a file beside this module says.

    :param name: the file's name
    """
    text = (files("hybridge.planning") / name).read_text(encoding="utf-8")
    # Where PyYAML has libyaml, that reads hundreds of figures ten times as fast as Python does.
    loader = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
    return yaml.load(text, loader)  # noqa: S506 - both are safe
