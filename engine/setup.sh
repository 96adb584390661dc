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

if [ ! -e "$venv/complete" ]; then
    uv=$(command -v uv || true)
    if [ -z "$uv" ]; then
        uv=$CACHE/bootstrap/bin/uv
        if [ ! -x "$uv" ]; then
            echo "setup: installing uv into $CACHE/bootstrap" >&2
            "$PYTHON" -m venv --clear "$CACHE/bootstrap" >&2 ||
                fail "$PYTHON cannot make virtual environments; on Debian install python3-venv."
            "$CACHE/bootstrap/bin/pip" install --quiet --require-hashes -r engine/uv.txt >&2 ||
                fail "uv could not be installed; is a package index reachable?"
        fi
    fi
    echo "setup: installing the locked dependencies into $venv" >&2
    rm -rf "$venv"
    "$uv" venv --quiet --python "$PYTHON" "$venv" || fail "the virtual environment $venv could not be made."
    "$uv" pip sync --quiet --python "$venv/bin/python" --require-hashes requirements.txt ||
        fail "the locked dependencies could not be installed; is a package index reachable?"
    "$uv" pip install --quiet --no-deps --python "$venv/bin/python" --editable components ||
        fail "the components could not be installed into $venv."
    touch "$venv/complete"
fi
if [ "$(readlink .venv || true)" != "$venv" ]; then
    [ -L .venv ] || [ ! -e .venv ] || fail ".venv is no link to the cache; move it away and run this again."
    ln -sfn "$venv" .venv
fi
