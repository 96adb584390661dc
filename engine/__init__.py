"""The Pulumi engine: the one on PATH where it is new enough, and otherwise one built from Go modules, once.

No package registry carries the Pulumi CLI. `ensure()` returns a usable one in any case: the person's own, or the
version that go.mod pins, built into a cache outside the tree together with the Python language host that lies in
language-python/. It never changes what is installed on the machine.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - said before anything else is imported that older versions cannot read
    raise SystemExit("hybridge needs Python 3.11 or newer; %s is %d.%d." % (sys.executable, *sys.version_info[:2]))  # noqa: UP031 - as above

from engine.build import Engine, ensure
from engine.errors import EngineError

__all__ = ["Engine", "EngineError", "ensure"]
