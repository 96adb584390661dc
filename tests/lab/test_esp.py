"""ESP in user space takes smaller packets, and the plan's arithmetic still decides which of them pass."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hybridge.planning.mtu import EspCipher, esp_cipher, esp_mtu
from lab.esp import LARGEST, device_connections, shift, shrink, stand_in_mtu, way_mtu
from lab.files import IpsecEnd
from lab.sketch import Machine

PATHS = st.integers(min_value=576, max_value=9001)
CIPHERS = st.sampled_from(
    [
        esp_cipher(encryption, integrity)
        for encryption in ("AES128-GCM-16", "AES256-GCM-16", "AES128", "AES256")
        for integrity in ("SHA1", "SHA2-256", "SHA2-384", "SHA2-512")
    ]
)


@given(PATHS, CIPHERS, st.booleans())
def test_what_the_lab_leaves_to_esp_is_what_the_plan_leaves_to_it(path: int, cipher: EspCipher, behind: bool) -> None:
    """ESP travels in UDP here, always: the largest packet that passes is the planned one, less whole blocks."""
    planned = esp_mtu(path, cipher, nat_traversal=behind)
    here = way_mtu(path, planned, encapsulated=behind)
    assert esp_mtu(here, cipher, nat_traversal=True) == stand_in_mtu(planned)


@given(PATHS, CIPHERS, st.booleans(), st.integers(min_value=1, max_value=9001))
def test_a_plan_that_takes_too_little_for_esp_shows(path: int, cipher: EspCipher, behind: bool, off: int) -> None:
    """As what passes is not what was planned: the lab's own sizes do not make up for a wrong one."""
    right = esp_mtu(path, cipher, nat_traversal=behind)
    wrong = right + off
    here = way_mtu(path, wrong, encapsulated=behind)
    assert esp_mtu(here, cipher, nat_traversal=True) < stand_in_mtu(wrong)


@given(PATHS)
def test_no_tunnel_is_larger_than_what_strongswan_reads_at_once(planned: int) -> None:
    assert stand_in_mtu(planned) <= LARGEST
    assert stand_in_mtu(planned) == planned or stand_in_mtu(planned) > LARGEST - 16
    assert shift(planned) % 16 == 0


@pytest.mark.parametrize(("planned", "here"), [(1400, 1400), (1401, 1385), (1446, 1398), (1438, 1390), (8901, 1397)])
def test_a_tunnel_that_fits_is_left_as_it_is_and_others_lose_whole_blocks(planned: int, here: int) -> None:
    assert stand_in_mtu(planned) == here


def test_a_tunnel_is_smaller_by_as_much_as_it_is_here_whatever_its_files_made_it() -> None:
    """A size that is wrong in the gateway's own file stays wrong, and so does a segment that nobody has clamped."""
    gateway = Machine("edge-a", "dc1")
    shrink(gateway, "xfrm1", 1446)
    size, load = gateway.network
    assert size.startswith("ip link set xfrm1 mtu $((")
    assert size.endswith(" - 48))")
    (path,) = gateway.files
    assert load == f"nft -f {path}"
    assert "maxseg size 1359-1406 tcp option maxseg size set 1358" in gateway.files[path]


def test_a_tunnel_that_fits_is_not_touched() -> None:
    gateway = Machine("edge-a", "dc1")
    shrink(gateway, "xfrm1", LARGEST)
    assert (gateway.network, gateway.files) == ([], {})


RENDERED = """connections {
  link-1 {
    children {
      link-1 {
        if_id_out = 7
      }
    }
  }
  link-2 {
    children {
      link-2 {
        if_id_out = 8
      }
    }
  }
}

secrets {
  ike-link-1 {
    secret = "k"
  }
}
"""


def test_a_machine_starts_and_answers_its_own_tunnel_alone() -> None:
    text = device_connections(RENDERED, IpsecEnd("link-2", "xfrm8", "169.254.6.6", "203.0.113.10", encapsulated=False))
    assert text.startswith("include /etc/lab/rendered.conf\n"), "the gateway's own text is read as it is"
    assert re.findall(r"^  (\S+) \{", text, re.MULTILINE) == ["link-1", "link-2"]
    first, second = text.partition("  link-2 {")[::2]
    assert "start_action = none" in first
    assert "remote_addrs = 127.0.0.1" in first, "its peer is nobody here, so that it is not answered either"
    assert "if_id_out = 0" not in first
    assert "remote_addrs" not in second
    assert "start_action" not in second
    assert "if_id_in = 0" in second
