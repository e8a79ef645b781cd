"""What every log must do, whatever it is kept in."""

from __future__ import annotations

import threading

import pytest
from econda_adapters.embedded.sqlite_log import SqliteLog

from econda_cloud.ports.log import Conflict, MemoryLog


@pytest.fixture(params=["memory", "sqlite"])
def log(request, tmp_path):
    if request.param == "memory":
        yield MemoryLog()
        return
    log = SqliteLog(tmp_path / "log.sqlite")
    yield log
    log.close()


def test_reads_back_in_order(log):
    assert [log.append("run/a", i, b"%d" % i) for i in range(3)] == [1, 2, 3]
    assert log.read("run/a") == [b"0", b"1", b"2"]
    assert log.read("run/a", after=2) == [b"2"]
    assert log.read("run/none") == []


@pytest.mark.parametrize("first", [b"first", b'{"first": "' + b"x" * 9_000 + b'"}'])
def test_second_writer_conflicts_and_may_be_told_with_what(log, first):
    log.append("run/a", 0, first)
    with pytest.raises(Conflict) as conflict:
        log.append("run/a", 0, b"second")
    assert conflict.value.there == (None if isinstance(log, SqliteLog) else first)
    assert log.read("run/a") == [first]


def test_sqlite_refuses_a_gap(tmp_path):
    log = SqliteLog(tmp_path / "log.sqlite")
    with pytest.raises(Conflict):
        log.append("run/a", 1, b"no first")
    assert log.read("run/a") == []
    log.close()


def test_large_records_come_back_whole(log):
    record = b"".join(b"%d," % i for i in range(50_000))
    log.append("run/a", 0, record)
    log.append("run/a", 1, record)
    assert log.read("run/a") == [record, record]


def test_any_bytes_come_back(log):
    log.append("run/a", 0, bytes(range(256)))
    log.append("run/a", 1, b"")
    log.append("run/a", 2, b"2026-01-01T00:00:00.000000")
    log.append("run/a", 3, '{"name": "é"}'.encode())
    assert log.read("run/a") == [bytes(range(256)), b"", b"2026-01-01T00:00:00.000000", '{"name": "é"}'.encode()]


def test_names_by_prefix(log):
    log.append("run/b", 0, b"")
    log.append("run/a", 0, b"")
    log.append("broker/t", 0, b"")
    assert log.names("run/") == ["run/a", "run/b"]


def test_one_of_many_writers_wins(tmp_path):
    logs = [SqliteLog(tmp_path / "log.sqlite") for _ in range(4)]
    won = []

    def write(number):
        try:
            logs[number].append("run/a", 0, b"%d" % number)
            won.append(number)
        except Conflict:
            pass

    threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert logs[0].read("run/a") == [b"%d" % won[0]]
    for log in logs:
        log.close()
