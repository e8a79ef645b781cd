"""What befalls workers: others beside them, a gateway that is away, long attempts, the next chunk in the same place."""

from __future__ import annotations

import os
import threading
import time

import msgspec
import pytest
from econda_adapters.clock import now_ms
from econda_adapters.embedded.gateway_server import GatewayServer
from econda_edsl.plan import Inline

from econda_cloud.gateway.claims import LASTS_MS, claim_state
from econda_cloud.gateway.gateway import Gateway, Ports
from econda_cloud.gateway.own_links import OwnLinks
from econda_cloud.ports.roles import Credentials
from econda_cloud.wire.chunk import Build, StateField, WorkItem
from econda_cloud.wire.events import AttemptSucceeded
from econda_cloud.wire.keys import is_archive_key
from econda_cloud.worker.gateway import session
from econda_cloud.worker.gateway.client import AlreadyClaimed
from econda_cloud.worker.work import Occasion, Worker
from tests.unit.gateway.standing import NamedSecrets, chunk_of
from tests.unit.gateway.system import BARE, python, running
from tests.unit.worker.wheels import local_index, make_wheel


def test_a_lone_attempt_is_answered_with_the_next_one(tmp_path):
    waiting = [
        chunk_of(WorkItem(instance=f"p/b[{n}]", attempt=1, args={"x": n}), id=f"r.1.{n}", inputs={"x": "Int"},
                 runs=Inline(language="python", body="print(x)\ny = x + 1"))
        for n in range(3)
    ]  # fmt: skip
    logged = []

    def after_report(run, chunk, events, now, *, ends_ms):
        del now, ends_ms
        if not waiting:
            return None
        logged.extend((run, chunk, event.outputs["y"]) for event in events)
        return waiting.pop(0)

    with running(tmp_path, after_report) as system:
        asked = system.counted()
        code, said, events = system.run(python("y = 0"), "--handle", "job")
        assert asked == ["/v1/claim", *["/v1/report"] * 4], "one request for each link"
        assert (code, said) == (0, "")
        assert logged == [("r", "r.1", 0), ("r", "r.1.0", 1), ("r", "r.1.1", 2)]
        assert [(event.instance, event.outputs, event.handle) for event in events] == [("p/b[2]", {"y": 3}, "job")]
        assert [system.blobs.get(f"runs/n/r/logs/r.1.{n}.log") for n in range(3)] == [b"0\n", b"1\n", b"2\n"]


BAD_OUTPUTS = {
    "forged": ('y = {"$artifact": {"kind": "File", "name": "x", "sha256": "0" * 64, "size": 1, "key": "runs/m/x"}}',
               "none that this chunk has made"),
    "nested": ("y = 1\nfor _ in range(300): y = [y]", "nested more than 100 deep"),
    "large": ("y = 'x' * 2_000_000", "return what is large as a File"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_OUTPUTS)
def test_an_output_that_the_gateway_does_not_take_is_the_attempt_s_fault(name, system):
    body, said = BAD_OUTPUTS[name]
    kind = "File" if name == "forged" else "Any"
    good = "if x: y = 1\nelse:\n" + "".join(f"    {line}\n" for line in body.splitlines())
    items = tuple(WorkItem(instance=f"p/a[{n}]", attempt=1, args={"x": n}) for n in range(2))
    code, stderr, events = system.run(
        python(good if kind == "Any" else body, *items, inputs={"x": "Int"}, outputs={"y": kind})
    )
    assert (code, stderr) == (0, "")
    assert (events[0].failure, said in events[0].message) == ("bad_output", True), events[0]
    if kind == "Any":
        assert events[1].outputs == {"y": 1}


def test_a_gateway_that_comes_back_is_waited_for(tmp_path, until):
    """The worker's report meets a gateway that is away, and arrives when it is there again."""
    begun, go = tmp_path / "begun", tmp_path / "go"
    body = f"import os, time\nopen({str(begun)!r}, 'w').close()\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)\ny = 5"
    with running(tmp_path) as system:
        worker = system.start(python(body))
        until(begun.exists, "the attempt")
        port = int(system.server.address.rpartition(":")[2])
        system.server.__exit__()
        go.touch()
        time.sleep(0.5)
        assert worker.poll() is None
        ports = Ports(system.log, system.blobs, system.queue, OwnLinks(system.tokens), NamedSecrets, now_ms)
        with GatewayServer(Gateway(ports, system.tokens), port=port):
            assert worker.communicate(timeout=60)[1] == b""
        assert [event.outputs for event in system.events()] == [{"y": 5}]


def test_a_second_worker_leaves_however_long_the_first_was_silent(system, until, tmp_path):
    """It leaves without an error of its own, and the late word of the first counts."""
    begun, go = tmp_path / "begun", tmp_path / "go"
    body = f"import os, time\nopen({str(begun)!r}, 'x').close()\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)\ny = 1"
    assignment = system.assign(python(body))
    first = system.start(None, "--handle", "first", assignment=assignment)
    until(begun.exists, "the attempt")
    system.ahead_ms = LASTS_MS
    second = system.start(None, "--handle", "second", assignment=assignment)
    assert (second.communicate(timeout=60)[1], second.returncode) == (b"", 0)
    go.touch()
    assert (first.communicate(timeout=60)[1], first.returncode) == (b"", 0)
    assert [event.handle for event in system.events()] == ["first"]


def test_many_workers_at_once(system):
    """Twenty threads of requests through one server: none is lost, none twice."""
    worker, failures = Worker(scratch=system.folder / "scratch"), []
    chunks = [python("y = 1", WorkItem(instance=f"p/a[{n}]", attempt=1), id=f"r.{n}") for n in range(20)]
    assignments = [system.assign(chunk) for chunk in chunks]

    def work(assignment):
        try:
            assert worker.work(assignment, Occasion("thread")) == 1
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(each,)) for each in assignments]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    worker.close()
    seen = set()
    while events := system.events():
        seen |= {event.instance for event in events}
    assert failures == []
    assert len(seen) == 20


def test_a_long_attempt_is_heard_of_and_a_short_one_costs_no_word(system, monkeypatch, until):
    monkeypatch.setattr(session, "LOOK_S", (0.02, 0.02))
    monkeypatch.setattr(session, "ALIVE_S", 0.2)
    worker = Worker(scratch=system.folder / "scratch")
    assert worker.work(system.assign(python("y = 1")), Occasion("job")) == 1
    assert claim_state(system.log, "r.1", None).seq == 2, "claimed and done"
    go = system.folder / "go"
    body = f"import os, time\nwhile not os.path.exists({str(go)!r}): time.sleep(0.01)\ny = 1"
    thread = threading.Thread(target=worker.work, args=(system.assign(python(body, id="r.2")), Occasion("job")))
    thread.start()
    until(lambda: (claim_state(system.log, "r.2", None) or claim_state(system.log, "r.1", None)).seq >= 4, "heartbeats")
    go.touch()
    thread.join()
    worker.close()
    assert [event.outputs for event in system.events()] == [{"y": 1}, {"y": 1}]


def test_the_next_try_of_a_job_says_that_the_first_was_not_heard_to_end(system):
    assignment = system.assign(python("y = 1"))
    session.begin(assignment, "first sandbox", "request 7", None, look=False).client.close()
    worker = Worker(scratch=system.folder / "scratch")
    for ahead in (0, LASTS_MS):
        system.ahead_ms = ahead
        with pytest.raises(AlreadyClaimed, match="is run by request 7"):
            worker.work(assignment, Occasion("request 7"))
        assert worker.work(assignment, Occasion("request 8")) == 0
    assert system.events() == []
    worker.close()


def test_a_state_is_kept_from_run_to_run(system):
    state = {"seen": StateField(type="Int", start=0)}
    for number, total in ((1, 5), (2, 10)):
        item = WorkItem(instance="p/fold", attempt=1, args={"n": 5})
        chunk = python(
            "seen = seen + n\ny = seen", item, id=f"r{number}.1", run=f"r{number}", inputs={"n": "Int"}, state=state
        )
        code, said, [event] = system.run(chunk)
        assert (code, said, event.outputs) == (0, "", {"y": total})
    # The same attempt again, whose report was lost: it folds nothing in twice.
    again = msgspec.structs.replace(chunk, id="r2.2")
    assert system.run(again)[2][0].outputs == {"y": 10}


def test_packages_are_built_once_for_a_namespace(system, monkeypatch):
    # As the machine is set up to reach package indexes.
    for name in set(os.environ) - set(BARE):
        monkeypatch.setitem(BARE, name, os.environ[name])
    local_index(system.folder / "wheels", lambda name, value: monkeypatch.setitem(BARE, name, value))
    make_wheel(system.folder / "wheels", "tiny", "1.0")
    built = chunk_of(WorkItem(instance="pipeline/environment/e", attempt=1), runs=Build(key="e", packages=("tiny",)),
                     outputs={"archive": "String"})  # fmt: skip
    code, said, [made] = system.run(built)
    assert (code, said) == (0, "")
    assert isinstance(made, AttemptSucceeded), made
    key = made.outputs["archive"]
    assert is_archive_key(key, "n")
    chunk = msgspec.structs.replace(
        python("import tiny\ny = len(tiny.__file__) > 0", id="r.2", outputs={"y": "Bool"}), archive=key
    )
    assert system.run(chunk)[2][0].outputs == {"y": True}
    assert system.run(msgspec.structs.replace(built, id="r.3"))[2][0].outputs == {"archive": key}
    other = msgspec.structs.replace(chunk, id="r.4", namespace="m", run="s")
    [refused] = system.run(other)[2]
    assert "may have read" in refused.message


class Roles:
    """Every namespace has a role, whose credentials end in an hour."""

    def has(self, namespace):
        return bool(namespace)

    def lend(self, namespace, run, now):
        return Credentials(
            access_key_id=f"ASIA of {namespace}/{run}",
            secret_access_key="s",
            session_token="t",
            expires_ms=now + 3_600_000,
        )


def test_a_task_finds_its_customer_s_credentials_and_has_none_in_its_environment(tmp_path):
    body = """
import os
from botocore.session import Session
y = Session().get_credentials().get_frozen_credentials().access_key
print(sorted(name for name in os.environ if name.startswith("AWS_")))
"""
    with running(tmp_path, roles=Roles()) as system:
        code, said, [done] = system.run(python(body, outputs={"y": "String"}))
        assert (code, said, done.outputs) == (0, "", {"y": "ASIA of n/r"})
        names = ["AWS_CONTAINER_AUTHORIZATION_TOKEN", "AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        assert system.text_of(done) == f"{names}\n"


def test_another_process_of_the_gateway_need_not_ask_for_the_chunk(system):
    """Requests go to whichever is free, and being asked costs one more."""
    assignment = system.assign(python("y = 1"))
    worker = Worker(scratch=system.folder / "scratch")
    answers, right = [], system.gateway.respond

    def forgetful(admitted, body=None):
        system.gateway._blobs._owners.documents._known.clear()
        answers.append(right(admitted, body))
        return answers[-1]

    system.gateway.respond = forgetful
    assert worker.work(assignment, Occasion("job")) == 1
    worker.close()
    assert [answer.status for answer in answers] == [200, 200]
