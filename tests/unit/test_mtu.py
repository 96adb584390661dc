"""Packet sizes follow from the cipher, as the vendors publish them."""

from __future__ import annotations

import pytest

from hybridge.planning.mtu import AES_GCM_16, EspCipher, esp_mtu, tcp_mss

CBC_SHA1 = EspCipher(initialization_vector=16, block=16, integrity_check=12)
CBC_SHA2_256 = EspCipher(initialization_vector=16, block=16, integrity_check=16)
CBC_SHA2_384 = EspCipher(initialization_vector=16, block=16, integrity_check=24)
CBC_SHA2_512 = EspCipher(initialization_vector=16, block=16, integrity_check=32)


@pytest.mark.parametrize(
    ("cipher", "nat_traversal", "mtu", "mss"),
    [
        (AES_GCM_16, False, 1446, 1406),
        (AES_GCM_16, True, 1438, 1398),
        (CBC_SHA1, False, 1438, 1398),
        (CBC_SHA1, True, 1422, 1382),
        (CBC_SHA2_256, False, 1438, 1398),
        (CBC_SHA2_256, True, 1422, 1382),
        (CBC_SHA2_384, False, 1422, 1382),
        (CBC_SHA2_384, True, 1422, 1382),
        (CBC_SHA2_512, False, 1422, 1382),
        (CBC_SHA2_512, True, 1406, 1366),
    ],
)
def test_the_formula_gives_every_row_of_aws_table(cipher: EspCipher, nat_traversal: bool, mtu: int, mss: int) -> None:
    assert esp_mtu(1500, cipher, nat_traversal=nat_traversal) == mtu
    assert tcp_mss(mtu) == mss


def test_the_formula_gives_googles_figures_at_its_own_mtu() -> None:
    sizes = [esp_mtu(1460, cipher, nat_traversal=False) for cipher in (AES_GCM_16, CBC_SHA2_256, CBC_SHA2_512)]
    assert sizes == [1406, 1390, 1374]
