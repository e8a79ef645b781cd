"""Logs that are written faster than they are cut."""

import pytest

from econda_cloud.worker.reports import logs
from econda_cloud.worker.reports.logs import HEAD, TAIL, CappedLog


@pytest.mark.parametrize("collapses", [True, False])
def test_beginning_and_end_stay_and_what_is_gone_is_counted(tmp_path, monkeypatch, collapses):
    if not collapses:
        monkeypatch.setattr(logs, "_remove_range", lambda *_: False)
    path = tmp_path / "log"
    written = 0
    log = CappedLog(path)
    for number in range(400):
        with path.open("ab") as file:
            written += file.write(b"%08d" % number * 2_000)
        if number % 100 == 99:
            log.trim()
            assert path.stat().st_size < HEAD + 2 * TAIL + 64 * 1024
    log.finish()
    data = path.read_bytes()
    cut = b"\n[... %d bytes cut ...]\n" % (written - HEAD - TAIL)
    assert len(data) == HEAD + len(cut) + TAIL
    assert data[HEAD:].startswith(cut)
    assert data.startswith(b"00000000")
    assert data.endswith(b"00000399")
