#!/bin/sh
# Unpacks Debian's cloud-init into the cache, for the schema that it judges user data by. It is not installed: a machine
# that has cloud-init would have it at work at its next start. Where it cannot be had, the tests that need it say so.
set -eu
place=${HYBRIDGE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hybridge}/cloud-init
[ ! -e "$place" ] || exit 0

fetch() {
    apt-get download -qq cloud-init >/dev/null 2>&1
}
if command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null; then
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    cd "$folder"
    # Without lists of packages there is nothing to download; only root may fetch them.
    if fetch || { [ "$(id -u)" = 0 ] && apt-get update -qq >&2 && fetch; }; then
        dpkg-deb -x cloud-init_*.deb unpacked
        mkdir -p "${place%/*}"
        mv unpacked "$place"
        exit 0
    fi
fi
echo "tests: cloud-init cannot be unpacked here; the tests that need its schema are skipped" >&2
