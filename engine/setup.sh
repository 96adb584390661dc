#!/bin/sh
# Makes .venv: a link to a virtual environment in the cache that holds exactly what requirements.txt pins, and this
# tree's components. Running it again is cheap: the environment is named by what is in it.
set -eu
cd "$(dirname "$0")/.."

fail() {
    echo "setup: $1" >&2
    exit 1
}

PYTHON=${PYTHON:-python3}
export PIP_DISABLE_PIP_VERSION_CHECK=1
CACHE=${HYBRIDGE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hybridge}
command -v "$PYTHON" >/dev/null || fail "there is no $PYTHON on PATH; install Python 3.11 or newer, or set PYTHON=."
"$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$PYTHON" --version) is too old; install Python 3.11 or newer, or set PYTHON= to it."

key=$("$PYTHON" - <<'END'
import hashlib, os, sys
from pathlib import Path

inputs = [sys.version, sys.prefix, os.getcwd(), *(Path(name).read_text() for name in ("requirements.txt", "engine/uv.txt"))]
print(hashlib.sha256("\0".join(inputs).encode()).hexdigest()[:16])
END
)
venv=$CACHE/venv/$key

if [ -e "$venv/complete" ] && [ "$(readlink .venv || true)" = "$venv" ]; then
    exit 0
fi

# One setup at a time in a cache. The script runs once more with the lock's file open, and so do the programs that it
# starts: should it be killed, nobody touches what one of them is still writing.
if [ "${1:-}" != locked ]; then
    mkdir -p "$CACHE" || fail "the cache cannot be made; set HYBRIDGE_CACHE to a directory that can be."
    exec "$PYTHON" -c '
import fcntl, os, sys
path = sys.argv[1]
try:
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        print("setup: another setup is at work: waiting for it", file=sys.stderr, flush=True)
        fcntl.flock(lock, fcntl.LOCK_EX)
except OSError as error:
    sys.exit(f"setup: {path} cannot be locked ({error.strerror}); set HYBRIDGE_CACHE to a directory of your own.")
except KeyboardInterrupt:
    sys.exit(130)
os.set_inheritable(lock, True)
os.execv("/bin/sh", ["sh", "engine/setup.sh", "locked"])
' "$CACHE/.setup.lock"
fi

if [ ! -e "$venv/complete" ]; then
    uv=$(command -v uv || true)
    if [ -z "$uv" ]; then
        bootstrap=$CACHE/bootstrap
        uv=$bootstrap/bin/uv
        # What was installed is noted last: an installation that was interrupted has no note, or half of one.
        if [ ! -x "$uv" ] || [ "$(cat "$bootstrap/installed.txt" 2>/dev/null)" != "$(cat engine/uv.txt)" ]; then
            echo "setup: installing uv into $bootstrap" >&2
            "$PYTHON" -m venv --clear "$bootstrap" >&2 ||
                fail "$PYTHON cannot make virtual environments; on Debian install python3-venv."
            "$bootstrap/bin/pip" install --quiet --require-hashes -r engine/uv.txt >&2 ||
                fail "uv could not be installed; is a package index reachable?"
            cp engine/uv.txt "$bootstrap/installed.txt"
        fi
    fi
    echo "setup: installing the locked dependencies into $venv" >&2
    rm -rf "$venv"
    "$uv" venv --quiet --python "$PYTHON" "$venv" || fail "the virtual environment $venv could not be made."
    "$uv" pip sync --quiet --python "$venv/bin/python" --require-hashes requirements.txt ||
        fail "the locked dependencies could not be installed; is a package index reachable?"
    # Built with the setuptools of the lock: isolation would fetch whichever is the newest.
    "$uv" pip install --quiet --no-deps --no-build-isolation --python "$venv/bin/python" --editable components ||
        fail "the components could not be installed into $venv."
    touch "$venv/complete"
fi
if [ "$(readlink .venv || true)" != "$venv" ]; then
    [ -L .venv ] || [ ! -e .venv ] || fail ".venv is no link to the cache; move it away and run this again."
    ln -sfn "$venv" .venv
fi
