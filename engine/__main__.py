"""`python -m engine`: see to it that there is a Pulumi engine, and print the directory to put on PATH.

Progress goes to the standard error stream; the last line of the output is the directory, or the directories with a
colon between them where OPA is asked for as well and has one of its own.
"""

import argparse
import os
import sys
from pathlib import Path

from engine import EngineError, build, ensure, opa
from engine.cache import Progress


def main() -> int:
    """Return 0 with an engine, 1 without one."""
    parser = argparse.ArgumentParser(
        prog="python -m engine",
        description="Find the Pulumi engine on PATH or in the cache, or build it into the cache, "
        "and print the directory to put first on PATH.",
    )
    parser.add_argument("--check", action="store_true", help="build nothing: fail where there is no engine yet")
    parser.add_argument("--with-opa", action="store_true", help="the same for OPA, which judges policies")
    parser.add_argument("--pulumi", action="store_true", help="print the path of the CLI instead of its directory")
    options = parser.parse_args()

    def say(sentence: str) -> None:
        print(sentence, file=sys.stderr, flush=True)

    try:
        engine = build.available(say) if options.check else ensure(say)
        places = _with_opa(say, check=options.check) if options.with_opa else []
    except EngineError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        say("Stopped: nothing was left half-finished.")
        return 130
    if engine is None:
        say("There is no engine yet: `python -m engine` builds one.")
        return 1
    if places is None:
        say("There is no OPA yet: `python -m engine --with-opa` builds one.")
        return 1
    print(engine.pulumi if options.pulumi else os.pathsep.join(map(str, (engine.bin, *places))))
    return 0


def _with_opa(progress: Progress, *, check: bool) -> list[Path] | None:
    """Return the directories that put OPA on PATH, if it is not there anyway, or None where there is no OPA yet."""
    found = opa.available(progress) if check else opa.ensure(progress)
    if found is None:
        return None
    return [found.bin] if found.built else []


if __name__ == "__main__":
    sys.exit(main())
