"""Shell bodies and containers as attempts."""

import pytest
from econda_edsl.plan import Container, Inline


def shell(body):
    return Inline(language="shell", body=body)


def test_shell(go):
    body = 'echo "$flag $names" > "$OUT/s"; echo 1.5 > "$OUT/f"; echo "[$n]" > "$OUT/l"; echo "$ECONDA_TASK $ECONDA_ATTEMPT $ECONDA_RUN"'
    [report] = go(
        shell(body), {"flag": True, "names": ["a"], "n": 3}, outputs={"s": "String", "f": "Float", "l": "List[Int]"}
    )
    assert report.outputs == {"s": 'true ["a"]', "f": 1.5, "l": [3]}
    with open(report.log) as file:
        assert file.read() == "t[0] 1 r\n"


@pytest.mark.parametrize(("body", "kind", "message"), [
    ("false; true", "failed", "exited with code 1"),
    ("echo no luck >&2; exit 7", "failed", "exited with code 7; its last words: no luck"),
    ("kill -9 $$", "failed", "killed by signal SIGKILL"),
    ("sleep 60", "timed_out", "timed out"),
    ("true", "bad_output", "output `n` is missing"),
    ("echo x > $OUT/n", "bad_output", "should be Int"),
])  # fmt: skip
def test_shell_failures(go, body, kind, message):
    [report] = go(shell(body), outputs={"n": "Int"}, timeout_ms=700)
    assert report.failure == kind
    assert message in report.message


def test_no_container_engine(go, monkeypatch):
    monkeypatch.setattr("econda_cloud.worker.processes.shell._engine", lambda: False)
    [report] = go(Container(image="x"))
    assert report.failure == "failed"
    assert "no container engine" in report.message
