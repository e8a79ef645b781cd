"""`econda logs` of an attempt that still runs: all pieces that are there, found by few questions."""

from __future__ import annotations

import pytest

from econda_cloud.cli.runs.written import PIECES_MOST, live_log
from econda_cloud.ports.blobs import MemoryBlobs


class Counting(MemoryBlobs):
    asked = 0

    def exists(self, key: str) -> bool:
        self.asked += 1
        return super().exists(key)


@pytest.mark.parametrize("pieces", [0, 1, 2, 3, 4, 7, 8, 9, PIECES_MOST])
def test_all_pieces_are_shown_in_order(pieces):
    blobs = Counting()
    for number in range(pieces):
        blobs.put(f"live/n/r/a.1/{number}", b"%d\n" % number)
    blobs.put("live/n/r/a.2/0", b"another attempt\n")
    assert live_log(blobs, "live/n/r/a.1/") == b"".join(b"%d\n" % number for number in range(pieces))
    assert blobs.asked <= 1 + 2 * pieces.bit_length()


def test_of_very_many_the_last_ones_are_shown():
    blobs = Counting()
    for number in range(PIECES_MOST + 7):
        blobs.put(f"live/n/r/a.1/{number}", b"%d\n" % number)
    shown = live_log(blobs, "live/n/r/a.1/").decode().splitlines()
    assert shown[0].startswith("[... what was written before")
    assert shown[1:] == [str(number) for number in range(7, PIECES_MOST + 7)]
