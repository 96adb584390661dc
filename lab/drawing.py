"""Draws the sketch of a rehearsed estate's lab."""

from __future__ import annotations

from . import internet, onprem, onprem_resolvers
from .aws import Aws
from .errors import LabError
from .estate import Rehearsed
from .sketch import Sketch


def draw(rehearsed: Rehearsed) -> Sketch:
    """Return every machine and wire of an estate.

    Raises LabError where a tunnel has an end on one side alone.
    """
    sketch = Sketch()
    devices = dict(onprem.draw(sketch, rehearsed))
    onprem_resolvers.draw(sketch, rehearsed)
    clouds = dict(Aws(sketch, rehearsed).draw())
    for name in sorted(devices.keys() ^ clouds.keys()):
        where = "the gateway's files" if name in devices else "the clouds"
        raise LabError(f"Tunnel {name} is known to {where} alone: rehearse the stack again.")
    for name, end in devices.items():
        internet.join(sketch, name, end, clouds[name])
    return sketch
