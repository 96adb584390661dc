"""How a machine's daemons are started, stopped and asked: the real programs, at their own paths.

Every machine has its own `/etc`, `/run` and `/var/lib`, so the programs are run as on a machine of their own.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .sketch import Machine, lines

FRR_FILE: Final = "/etc/frr/frr.conf"
FRR_DAEMONS: Final = ("zebra", "bgpd", "staticd", "bfdd")
CHARON_FILE: Final = "/etc/lab/strongswan.conf"
CONNECTIONS_FILE: Final = "/etc/lab/swanctl.conf"
LOOK_SECONDS: Final = 0.5
"""How often a gateway is looked at, whether it has routes."""
_LOOK: Final = "/etc/lab/look-for-routes"
_ROUTES: Final = "/run/routes"
_LOOKING: Final = f"""#!/bin/sh
# Tells VRRP whether there are routes: it may run no script where a user is root of the lab alone.
before=
while :; do
  now=-254
  if ip -4 route show proto bgp | grep -q .; then now=0; fi
  if [ "$now" != "$before" ]; then echo $now >{_ROUTES}; fi
  before=$now
  sleep {LOOK_SECONDS}
done
"""
_KEEPALIVED: Final = "/run/keepalived.pid"
START_KEEPALIVED: Final = "/etc/lab/start-keepalived"
STOP_KEEPALIVED: Final = "/etc/lab/stop-keepalived"
START_FRR: Final = "/etc/lab/start-frr"
FRR_BOOT_LOG: Final = "/run/frr/boot.log"
CHARON_LOG: Final = "/run/charon.log"
CHARON_OUT: Final = "/run/charon.out"
SWANCTL_OUT: Final = "/run/swanctl.out"
UNBOUND_LOG: Final = "/run/unbound.log"
UNBOUND_FILE: Final = "/etc/unbound/unbound.conf"
UNBOUND_SOCKET: Final = "/run/unbound.ctl"

_FRR_SCRIPT: Final = """#!/bin/sh
# Starts FRR's daemons, or those that are not running, and has these read their configuration, as watchfrr does.
mkdir -p /run/frr
started=
for daemon in {daemons}; do
  pid=$(cat /run/frr/$daemon.pid 2>/dev/null) && kill -0 "$pid" 2>/dev/null && continue
  /usr/lib/frr/$daemon -d -u root -g root -A 127.0.0.1 --log file:/run/frr/$daemon.log 2>>/run/frr/start.log || exit 1
  started="$started $daemon"
done
if [ "$started" = " {daemons}" ]; then exec vtysh -b >{log} 2>&1; fi
for daemon in $started; do vtysh -b -d $daemon >>{log} 2>&1 || exit 1; done
"""
_GROUPS: Final = "root:x:0:\nfrrvty:x:0:root\nfrr:x:0:root\n"
_USERS: Final = "root:x:0:0:root:/root:/bin/sh\nfrr:x:0:0::/nonexistent:/usr/sbin/nologin\n"
"""FRR's daemons run as the only user there is in the lab, who has to be in its group, and whose its files are."""


def frr(machine: Machine, configuration: str | None = None, daemons: Iterable[str] = FRR_DAEMONS) -> None:
    """Let a machine route by FRR.

    :param machine: the machine
    :param configuration: its `frr.conf`; None: it comes there by itself, and whoever brings it starts FRR
    :param daemons: what is started
    """
    machine.files["/etc/group"] = _GROUPS
    machine.files["/etc/passwd"] = _USERS
    machine.files["/etc/frr/vtysh.conf"] = "service integrated-vtysh-config\n"
    machine.files[START_FRR] = _FRR_SCRIPT.format(daemons=" ".join(daemons), log=FRR_BOOT_LOG)
    if configuration is not None:
        machine.files[FRR_FILE] = configuration
        machine.then.append(f"sh {START_FRR}")


def charon(machine: Machine, settings: str, connections: str) -> None:
    """Let a machine end an IPsec tunnel by strongSwan, with ESP in user space.

    :param machine: the machine, which ends this tunnel and no other
    :param settings: text for `strongswan.conf`, after the lab's own
    :param connections: text for `swanctl.conf`
    """
    # ESP in user space has to be asked before the kernel, which has none.
    machine.files[CHARON_FILE] = lines(
        "charon-systemd {",
        "  load_modular = yes",
        "  install_routes = no",
        "  plugins {",
        "    include /etc/strongswan.d/charon/*.conf",
        "    kernel-libipsec { load = 10 }",
        "    kernel-netlink { load = 5 }",
        "  }",
        f"  filelog {{ lab {{ path = {CHARON_LOG}\n default = 1\n flush_line = yes }} }}",
        "}",
        settings,
    )
    machine.files[CONNECTIONS_FILE] = connections
    machine.start += [
        f"STRONGSWAN_CONF={CHARON_FILE} setsid /usr/sbin/charon-systemd </dev/null >{CHARON_OUT} 2>&1 &",
        "for i in $(seq 100); do [ -S /run/charon.vici ] && break; sleep 0.05; done",
        f"loaded() {{ swanctl --load-all --clear --noprompt --file {CONNECTIONS_FILE} >{SWANCTL_OUT} 2>&1; }}",
        f"loaded || {{ cat {SWANCTL_OUT} >&2; exit 1; }}",
    ]


def keepalived(machine: Machine, interface: str, address: str, priority: int) -> None:
    """Let a machine share an address with others by VRRP: the one with the highest priority that routes has it.

    One whose bgpd has gone, or has just come back, has no routes, and would end what hosts send it.

    :param machine: the machine
    :param interface: where the hosts are
    :param address: with its prefix length
    :param priority: 1 to 254
    """
    machine.files["/etc/keepalived/keepalived.conf"] = lines(
        "global_defs {",
        "  vrrp_version 3",
        "}",
        "track_file routes {",
        f"  file {_ROUTES}",
        "  weight 1",
        "  init_file -254",
        "}",
        "vrrp_instance hosts {",
        f"  interface {interface}",
        "  state BACKUP",
        "  nopreempt",
        # A host that has just learned another place takes no new one for a second, so it is told again.
        "  garp_master_delay 1",
        "  garp_master_refresh 1",
        "  virtual_router_id 51",
        f"  priority {priority}",
        "  advert_int 0.2",
        "  virtual_ipaddress {",
        f"    {address}",
        "  }",
        "  track_file {",
        "    routes",
        "  }",
        "}",
    )
    machine.files[_LOOK] = _LOOKING
    machine.start.append(f"setsid sh {_LOOK} </dev/null >/dev/null 2>&1 &")
    machine.files[START_KEEPALIVED] = f"keepalived --vrrp --pid={_KEEPALIVED} --vrrp_pid=/run/vrrp.pid\n"
    machine.files[STOP_KEEPALIVED] = lines(
        f"kill $(cat {_KEEPALIVED})",
        f"for i in $(seq 250); do [ -e {_KEEPALIVED} ] || exit 0; sleep 0.02; done",
        "exit 1",
    )
    machine.start.append(f"sh {START_KEEPALIVED} >/run/keepalived.out 2>&1")


def unbound(machine: Machine, settings: str) -> None:
    """Let a machine look names up by Unbound, which knows no internet.

    :param machine: the machine
    :param settings: text for `unbound.conf`, after the lab's own
    """
    machine.files[UNBOUND_FILE] = lines(
        "server:",
        "  num-threads: 1",
        "  outgoing-range: 64",
        "  num-queries-per-thread: 32",
        "  msg-cache-size: 256k",
        "  rrset-cache-size: 256k",
        "  key-cache-size: 256k",
        "  neg-cache-size: 256k",
        "  do-ip6: no",
        '  username: ""',
        '  chroot: ""',
        '  directory: "/etc/unbound"',
        '  pidfile: "/run/unbound.pid"',
        f'  logfile: "{UNBOUND_LOG}"',
        "  use-syslog: no",
        "remote-control:",
        "  control-enable: yes",
        f"  control-interface: {UNBOUND_SOCKET}",
        "  control-use-cert: no",
        # Whom it forwards nothing to it would look for on the internet, for seconds.
        "forward-zone:",
        '  name: "."',
        "  forward-addr: 127.0.0.1",
        settings,
    )
    machine.start.append(f"unbound -c {UNBOUND_FILE} >/run/unbound.out 2>&1 || {{ cat /run/unbound.out >&2; exit 1; }}")
