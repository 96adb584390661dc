"""Print, as JSON, this Python's version and the distributions installed for it.

Each distribution has its name, its version, the names it requires, and the contents of its pulumi-plugin.json
where it has one. The metadata alone is read: an environment needs no pip, and no provider's SDK is imported.
"""
# ruff: noqa: INP001 - a script that the language host passes to `python -c`

import importlib.metadata
import json
import pathlib
import re
import sys


def normalized(name):
    """Return the name as indexes compare it: lower case, single hyphens."""
    return re.sub(r"[-_.]+", "-", name).lower()


def plugin(distribution):
    """Return the text of the distribution's pulumi-plugin.json, or None."""
    places = [
        distribution.locate_file(path)
        for path in distribution.files or []
        if path.match("*/pulumi-plugin.json") and len(path.parts) == len(("package", "file"))
    ]
    # An editable installation lists no files of the package itself: look where it would be imported from.
    module = distribution.metadata["Name"].replace("-", "_").replace(".", "_")
    places += [pathlib.Path(entry) / module / "pulumi-plugin.json" for entry in sys.path]
    for place in places:
        try:
            return pathlib.Path(place).read_text(encoding="utf-8")
        except OSError:
            continue
    return None


def required(distribution):
    """Return the normalized names of what the distribution requires, extras left out."""
    for requirement in distribution.requires or []:
        name, _, marker = requirement.partition(";")
        if "extra" not in marker:
            yield normalized(re.split(r"[^A-Za-z0-9._-]", name.strip())[0])


found = {}
for distribution in importlib.metadata.distributions():
    name = distribution.metadata["Name"]
    if name and normalized(name) not in found:  # the first on sys.path is the one that is imported
        found[normalized(name)] = {
            "name": normalized(name),
            "version": distribution.version,
            "requires": sorted(set(required(distribution))),
            "plugin": plugin(distribution) if "pulumi" in json.dumps([name, *(distribution.requires or [])]) else None,
        }

json.dump(
    {"python": list(sys.version_info[:3]), "distributions": [found[name] for name in sorted(found)]},
    sys.stdout,
)
