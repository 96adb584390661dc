"""`python -m engine`: see to it that there is a Pulumi engine, and print the directory to put on PATH.

Progress goes to the standard error stream; the last line of the output is the directory.
"""

import argparse
import sys

from engine import EngineError, ensure
from engine.build import available


def main() -> int:
    """Return 0 with an engine, 1 without one."""
    parser = argparse.ArgumentParser(
        prog="python -m engine",
        description="Find the Pulumi engine on PATH or in the cache, or build it into the cache, "
        "and print the directory to put first on PATH.",
    )
    parser.add_argument("--check", action="store_true", help="build nothing: fail where there is no engine yet")
    parser.add_argument("--pulumi", action="store_true", help="print the path of the CLI instead of its directory")
    options = parser.parse_args()

    def say(sentence: str) -> None:
        print(sentence, file=sys.stderr, flush=True)

    try:
        engine = available(say) if options.check else ensure(say)
    except EngineError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        say("Stopped: nothing was left half-finished.")
        return 130
    if engine is None:
        say("There is no engine yet: `python -m engine` builds one.")
        return 1
    print(engine.pulumi if options.pulumi else engine.bin)
    return 0


if __name__ == "__main__":
    sys.exit(main())
