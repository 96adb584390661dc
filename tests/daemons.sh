#!/bin/sh
# Installs the programs that read hybridge's device configurations, where they are missing and may be installed.
# Elsewhere it says what is missing; the tests that need it are then skipped by name.
set -eu
PATH=$PATH:/usr/sbin:/sbin
missing=""
for program in vtysh:frr nft:nftables swanctl:strongswan-swanctl charon-systemd:charon-systemd ip:iproute2 openssl:openssl; do
    command -v "${program%%:*}" >/dev/null || missing="$missing ${program#*:}"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "tests: installing$missing" >&2
    apt-get update -qq >&2
    # The plugins bring the algorithms that the tunnels are pinned to.
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing \
        libcharon-extra-plugins libstrongswan-standard-plugins libstrongswan-extra-plugins >&2
else
    echo "tests: missing:$missing; the tests that need them are skipped" >&2
fi
