#!/bin/sh
# Installs the programs that read hybridge's device configurations, where they are missing and may be installed.
# Elsewhere it says what is missing; the tests that need it are then skipped by name.
set -eu
PATH=$PATH:/usr/sbin:/sbin
"${0%/*}/cloud-init.sh"
missing=""
for program in vtysh:frr nft:nftables swanctl:strongswan-swanctl charon-systemd:charon-systemd ip:iproute2 openssl:openssl \
    unbound-checkconf:unbound drill:ldnsutils keepalived:keepalived ping:iputils-ping sysctl:procps \
    wg:wireguard-tools shellcheck:shellcheck systemd-analyze:systemd; do
    command -v "${program%%:*}" >/dev/null || missing="$missing ${program#*:}"
done
[ -n "$missing" ] || exit 0

skip() {
    echo "tests: $1:$missing; the tests that need them are skipped" >&2
    exit 0
}
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || skip "missing"
echo "tests: installing Debian packages on this machine, as root:$missing" >&2
echo "tests: the services in them are not started" >&2

# Debian's way to keep a package's services from starting. Whatever was there comes back; what a run that was killed
# left there is known by its text.
policy=/usr/sbin/policy-rc.d
before=$policy.before-hybridge
restore() {
    rm -f "$policy"
    if [ -e "$before" ] || [ -L "$before" ]; then mv "$before" "$policy"; fi
}
exec 9<"${policy%/*}"
flock 9 # one at a time
trap restore EXIT
trap 'exit 130' INT
trap 'exit 143' HUP TERM
if ! grep -qs "of hybridge's tests" "$policy" && { [ -e "$policy" ] || [ -L "$policy" ]; }; then
    mv "$policy" "$before"
fi
printf '#!/bin/sh\n# of hybridge'"'"'s tests: no service starts while they install packages\nexit 101\n' >"$policy"
chmod 755 "$policy"

apt-get update -qq >&2 || true # of several sources one may be down
# The plugins bring the algorithms that the tunnels are pinned to.
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing \
    libcharon-extra-plugins libstrongswan-standard-plugins libstrongswan-extra-plugins >&2 ||
    skip "apt-get could not install what is missing"
