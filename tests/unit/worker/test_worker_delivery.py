"""A chunk's logs on their way home: each byte once, and each report names where its own are."""

from __future__ import annotations

import pytest

from econda_cloud.wire.events import AttemptSucceeded
from econda_cloud.wire.keys import log_part_key
from econda_cloud.worker.reports.delivery import FLUSH_MS, Delivery, log_span

KEY = "runs/n/r/logs/r.1.log"


class Home:
    """Keeps the parts of a log, and what was sent, in order."""

    def __init__(self):
        self.parts, self.sent, self.order = {}, [], []

    def put_log(self, part, path):
        assert part not in self.parts
        self.parts[part] = path.read_bytes()
        self.order.append(f"part {part}")

    def send(self, reports):
        self.sent += reports
        self.order.append(f"{len(reports)} reports")

    def text(self, report):
        key, start, length = log_span(report.log)
        [part] = [part for part in self.parts if log_part_key(KEY, part) == key]
        return self.parts[part][start : start + length]


@pytest.fixture
def home():
    return Home()


@pytest.fixture
def clock():
    return [0]


@pytest.fixture
def delivery(home, clock, tmp_path):
    return Delivery(blobs=home, send=home.send, log_key=KEY, spool=tmp_path / "spool", clock=lambda: clock[0])


@pytest.fixture
def report(tmp_path):
    def make(number, text):
        log = tmp_path / f"{number}.log"
        log.write_bytes(text)
        return AttemptSucceeded(
            instance=f"p/a[{number}]", attempt=1, outputs={}, started_ms=0, ended_ms=1, log=str(log)
        )

    return make


def test_a_short_chunk_has_one_object_for_all_its_logs(home, delivery, report):
    texts = [b"line %d\n" % number for number in range(100)]
    delivery.deliver(report(number, text) for number, text in enumerate(texts))
    assert home.parts == {0: b"".join(texts)}
    assert home.order == ["part 0", "100 reports"]
    assert [home.text(each) for each in home.sent] == texts
    assert {log_span(each.log)[0] for each in home.sent} == {KEY}


def test_what_was_sent_is_not_sent_again(home, delivery, report, clock, tmp_path):
    texts = [b"x%d" % number * 1_000 for number in range(9)]
    for number, text in enumerate(texts):
        clock[0] += FLUSH_MS // 3 + 1
        delivery.add(report(number, text))
    delivery.end()
    assert [home.text(each) for each in home.sent] == texts
    assert list(home.parts) == [0, 1, 2]
    assert sum(map(len, home.parts.values())) == sum(map(len, texts))
    assert home.order == ["part 0", "3 reports", "part 1", "3 reports", "part 2", "3 reports"]
    assert not (tmp_path / "spool").exists()


def test_reports_without_logs_make_no_objects(home, delivery, report, clock):
    for number in range(4):
        clock[0] += FLUSH_MS
        delivery.add(report(number, b"" if number else b"only the first\n"))
    delivery.end()
    assert home.parts == {0: b"only the first\n"}
    assert [each.log for each in home.sent[1:]] == ["", "", ""]
