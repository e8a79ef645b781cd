"""What is shown of a log that still grows: new bytes only, ever less often, and no secret."""

from __future__ import annotations

import threading

import pytest

from econda_cloud.worker.reports import live
from econda_cloud.worker.reports.live import PIECE_MOST, Followed, LiveLogs
from econda_cloud.worker.reports.masking import whole_until


class Attempt:
    """An attempt that writes, and whoever looks at it now and then."""

    def __init__(self, folder, secrets=()):
        self.path, self.pieces, self.secrets = folder / "log", {}, list(secrets)
        self.path.touch()
        self.followed = Followed(self.path, self.put, self.secrets, 0.0)

    def put(self, number, piece):
        assert number == len(self.pieces)
        self.pieces[number] = piece

    def write(self, text):
        with self.path.open("ab") as file:
            file.write(text)

    def look(self):
        self.followed.look(self.followed.due)

    @property
    def shown(self):
        return b"".join(self.pieces.values())


@pytest.fixture
def attempt(tmp_path):
    return Attempt(tmp_path)


def test_the_first_look_is_after_two_seconds_and_the_pauses_double_to_thirty(attempt):
    times = []
    for _ in range(8):
        times.append(attempt.followed.due)
        attempt.look()
    assert times == [2, 4, 8, 16, 32, 62, 92, 122]
    assert attempt.pieces == {}, "nothing new is no piece"


def test_each_byte_is_shown_once(attempt):
    texts = [b"line %d\n" % number for number in range(5)]
    for text in texts:
        attempt.write(text)
        attempt.look()
        attempt.look()
    assert list(attempt.pieces.values()) == texts


def test_of_very_much_the_end_is_shown_with_a_word_about_the_rest(attempt):
    attempt.write(b"begin\n")
    attempt.look()
    attempt.write(b"x" * (3 * PIECE_MOST) + b"end\n")
    attempt.look()
    said = b"\n[... %d bytes not shown ...]\n" % (2 * PIECE_MOST + 4)
    assert attempt.pieces[1].startswith(said + b"xxx")
    assert attempt.pieces[1].endswith(b"xend\n")
    assert len(attempt.pieces[1]) == len(said) + PIECE_MOST


def test_a_log_that_was_cut_is_gone_on_with(attempt):
    attempt.write(b"x" * 1_000)
    attempt.look()
    attempt.path.write_bytes(b"x" * 100)
    attempt.look()
    attempt.write(b"more\n")
    attempt.look()
    assert attempt.shown == b"x" * 1_000 + b"\n[... cut ...]\n" + b"more\n"


@pytest.mark.parametrize("split", range(1, 10))
def test_a_secret_is_not_shown_even_if_it_is_written_in_two_parts(tmp_path, split):
    attempt = Attempt(tmp_path, ["hunter2-xy"])
    for text in (b"the key is hunter2-xy"[: 11 + split], b"the key is hunter2-xy"[11 + split :], b", he said\n" * 3):
        attempt.write(text)
        attempt.look()
    attempt.write(b"\n" * 20)
    attempt.look()
    assert b"the key is ***, he said" in attempt.shown
    assert b"hunter" not in attempt.shown
    assert b"2-xy" not in attempt.shown


def test_what_is_left_of_a_secret_where_bytes_are_missing_is_not_shown(tmp_path):
    attempt = Attempt(tmp_path, ["0123456789"])
    attempt.write(b"0123456789" + b"a" * (PIECE_MOST - 5))
    attempt.look()
    attempt.write(b"b" * 20)
    attempt.look()
    assert b"5" not in attempt.shown.partition(b"...]\n")[2]
    assert b"aab" in attempt.shown


def test_a_secret_that_was_told_later_is_not_shown(tmp_path):
    attempt = Attempt(tmp_path)
    attempt.write(b"one\n")
    attempt.look()
    attempt.secrets.append("later-secret")
    attempt.write(b"later-secret" + b"." * 20)
    attempt.look()
    assert attempt.shown.startswith(b"one\n***..")


def test_a_place_in_a_secret_is_moved_behind_it():
    assert whole_until(b"..abcdef..", 4, ["abcdef"]) == 8
    assert whole_until(b"..abcdefgh..", 4, ["abcdef", "efgh"]) == 10
    assert [whole_until(b"..abcdef..", at, ["abcdef"]) for at in (0, 2, 8, 10)] == [0, 2, 8, 10]


def test_a_store_that_is_away_harms_nothing_and_numbers_stay_whole(attempt):
    put, attempt.followed._put = attempt.put, lambda *_: 1 / 0
    attempt.write(b"lost\n")
    attempt.look()
    attempt.followed._put = put
    attempt.write(b"seen\n")
    attempt.look()
    assert attempt.pieces == {0: b"seen\n"}


def test_only_who_lasts_is_looked_at(tmp_path, monkeypatch, until):
    monkeypatch.setattr(live, "LOOK_S", 0.001)
    time, shown, looks = [0.0], [], threading.Event()

    def clock():
        looks.set()
        return time[0]

    (tmp_path / "log").write_bytes(b"text\n")
    with LiveLogs(clock) as logs:
        for _ in range(3):
            with logs.following(tmp_path / "log", lambda *piece: shown.append(piece), ()):
                looks.clear()
                looks.wait(10)
                time[0] += 1.9
        assert shown == []
        with logs.following(tmp_path / "log", lambda *piece: shown.append(piece), ()):
            time[0] += 2.0
            until(lambda: shown, "it is shown")
    assert shown == [(0, b"text\n")]
