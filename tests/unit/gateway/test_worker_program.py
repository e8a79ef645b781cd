"""The worker as a program, against a gateway on a port of this machine: nothing else leads it to the system."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from econda_adapters.clock import now_ms
from econda_adapters.embedded.directory_blobs import DirectoryBlobs
from econda_adapters.embedded.gateway_keys import KeyFile
from econda_adapters.embedded.gateway_server import GatewayServer
from econda_adapters.embedded.sqlite_log import SqliteLog
from econda_edsl.plan import Inline

from econda_cloud.gateway.assigning import Assigner
from econda_cloud.gateway.cancellations import note_cancelled
from econda_cloud.gateway.claims import LASTS_MS, claim_state
from econda_cloud.gateway.gateway import Gateway, Ports
from econda_cloud.gateway.own_links import OwnLinks
from econda_cloud.gateway.tokens import Leave, Tokens
from econda_cloud.ports.queue import MemoryQueue
from econda_cloud.schedule.messages import read_message
from econda_cloud.wire.assignment import encode_assignment
from econda_cloud.wire.chunk import Build, StateField, WorkItem
from econda_cloud.wire.events import AttemptFailed, AttemptSucceeded
from econda_cloud.wire.keys import checkpoint_key, is_archive_key, live_log_prefix
from econda_cloud.worker.gateway import session
from econda_cloud.worker.gateway.client import AlreadyClaimed
from econda_cloud.worker.work import Occasion, Worker
from tests.unit.gateway.standing import NamedSecrets, chunk_of
from tests.unit.worker.wheels import local_index, make_wheel

BARE = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
"""A worker's machine: no cloud, no account, nothing of ours but the code."""


class System:
    """The trusted side: a gateway at an address, and what stands behind it."""

    def __init__(self, folder: Path, after_report=None):
        self.folder, self.queue, self.ahead_ms = folder, MemoryQueue(), 0
        self.blobs, self.log = DirectoryBlobs(folder / "blobs"), SqliteLog(folder / "log.db")
        self.tokens = Tokens(KeyFile(folder / "keys.json"))
        ports = Ports(self.log, self.blobs, self.queue, OwnLinks(self.tokens), NamedSecrets, self.clock)
        self.gateway = Gateway(ports, self.tokens, after_report)
        self.server = GatewayServer(self.gateway)
        self.workers: list[subprocess.Popen] = []

    def clock(self):
        return now_ms() + self.ahead_ms

    def assign(self, chunk, **settings):
        settings = {"inline": True, "lone": True, **settings}
        return Assigner(self.server.address, self.tokens, self.blobs).assign(chunk, now_ms(), **settings)

    def start(self, chunk, *options, assignment=None, **settings):
        """A worker's process, which was told its chunk."""
        assignment = assignment or self.assign(chunk, **settings)
        command = [sys.executable, "-m", "econda_cloud.worker", "--scratch", str(self.folder / "scratch"), *options]
        worker = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                  env=BARE, cwd=self.folder)  # fmt: skip
        assert worker.stdin is not None
        worker.stdin.write(encode_assignment(assignment))
        worker.stdin.close()
        worker.stdin = None
        self.workers.append(worker)
        return worker

    def run(self, chunk, *options, **settings):
        """How the program ended, what it said, and the events that came of it."""
        worker = self.start(chunk, *options, **settings)
        _, said = worker.communicate(timeout=60)
        return worker.returncode, said.decode(), self.events()

    def counted(self):
        """The paths that are asked for from now on."""
        asked, admit = [], self.gateway.admit
        self.gateway.admit = lambda request: asked.append(request.path) or admit(request)
        return asked

    def events(self):
        found = []
        for message in self.queue.receive(visibility_s=0):
            self.queue.delete(message)
            found += read_message(message.body, self.blobs).events
        return found

    def text_of(self, event):
        key, _, span = event.log.partition("#")
        start, length = map(int, span.split("+"))
        return self.blobs.get(key)[start : start + length].decode()


@contextmanager
def running(folder: Path, after_report=None):
    system = System(folder, after_report)
    with system.server:
        try:
            yield system
        finally:
            for worker in system.workers:
                if worker.poll() is None:
                    worker.kill()
                worker.communicate()
            system.log.close()


@pytest.fixture
def system(tmp_path):
    with running(tmp_path) as found:
        yield found


def python(body, *items, **more):
    return chunk_of(
        *(items or (WorkItem(instance="p/a", attempt=1),)), runs=Inline(language="python", body=body), **more
    )


def shell(body, *items, **more):
    return chunk_of(*items, runs=Inline(language="shell", body=body), **more)


def test_a_python_task(system):
    items = tuple(WorkItem(instance=f"p/a[{n}]", attempt=1, args={"x": n}) for n in range(5))
    chunk = python("print('got', x)\ny = x * x", *items, inputs={"x": "Int"})
    code, said, events = system.run(chunk, "--handle", "ssh 7")
    assert (code, said) == (0, "")
    assert [event.outputs for event in events] == [{"y": n * n} for n in range(5)]
    assert {event.handle for event in events} == {"ssh 7"}
    assert [system.text_of(event) for event in events] == [f"got {n}\n" for n in range(5)]
    assert claim_state(system.log, "r.1", None).done


def test_a_shell_task_with_files_in_and_out(system):
    first = shell('printf "some text" > "$OUT/f"', outputs={"f": "File"})
    code, said, [made] = system.run(first)
    assert (code, said) == (0, "")
    about = made.outputs["f"]["$artifact"]
    assert about["key"].startswith("artifacts/n/packs/r/r.1/")
    assert system.blobs.get(about["key"]) == b"some text"
    item = WorkItem(instance="p/b", attempt=1, args={"f": made.outputs["f"]})
    second = shell('wc -c < "$f" | tr -d " " > "$OUT/y"', item, id="r.2", inputs={"f": "File"})
    code, said, [counted] = system.run(second)
    assert (code, said, counted.outputs) == (0, "", {"y": 9})


def test_a_large_file_goes_through_the_gateway(system):
    chunk = shell('head -c 20000000 /dev/zero > "$OUT/f"', outputs={"f": "File"})
    code, said, [made] = system.run(chunk)
    about = made.outputs["f"]["$artifact"]
    assert (code, said, about["size"]) == (0, "", 20_000_000)
    assert about["key"] == f"artifacts/n/sha256/{about['sha256']}"
    item = WorkItem(instance="p/b", attempt=1, args={"f": made.outputs["f"]})
    back = python("y = len(open(f, 'rb').read())", item, id="r.2", inputs={"f": "File"})
    assert [event.outputs for event in system.run(back)[2]] == [{"y": 20_000_000}]


def test_small_files_travel_together_with_the_reports_that_name_them(system):
    """A hundred of them cost one blob, and whoever reads one of them reads no other; an empty one is one too."""
    items = tuple(WorkItem(instance=f"p/a[{n}]", attempt=1, args={"n": n}) for n in range(100))
    many = python("f = 'f'\nopen(f, 'w').write('x' * n)\nprint(n)", *items, inputs={"n": "Int"}, outputs={"f": "File"})
    asked = system.counted()
    code, said, events = system.run(many)
    assert (code, said, len(events)) == (0, "", 100)
    # A claim and, every five seconds, a report with its log and its files.
    assert asked[0] == "/v1/claim"
    assert set(asked[1:]) == {"/v1/report"}
    assert len(asked) <= 5
    assert [system.blobs.get(event.outputs["f"]["$artifact"]["key"]) for event in events] == [
        b"x" * n for n in range(100)
    ]
    logs = [path for path in (system.folder / "blobs" / "runs").rglob("*") if path.is_file()]
    assert 1 <= len(logs) <= len(asked) - 1, "one part for each report at most"
    assert sum(path.stat().st_size for path in logs) == sum(len(f"{n}\n") for n in range(100)), "each byte once"
    assert "".join(system.text_of(event) for event in events) == "".join(f"{n}\n" for n in range(100))
    assert not (system.folder / "blobs" / "live").exists(), "who is done in no time shows nothing before"
    packs = [path for path in (system.folder / "blobs" / "artifacts").rglob("*") if path.is_file()]
    assert 1 <= len(packs) <= 5
    readers = [WorkItem(instance=f"p/b[{n}]", attempt=1, args={"f": events[n].outputs["f"]}) for n in (0, 1, 99)]
    read = python("y = len(open(f).read())", *readers, id="r.2", inputs={"f": "File"})
    assert [event.outputs["y"] for event in system.run(read)[2]] == [0, 1, 99]


CHECKPOINTED = """
import os, pathlib, time
kept = pathlib.Path(os.environ["ECONDA_CHECKPOINT"]) / "count"
n = int(kept.read_text()) if kept.exists() else 0
while n < 5 or n < 100 and not {go!r}:
    n += 1
    (kept.with_name("count.tmp")).write_text(str(n))
    kept.with_name("count.tmp").rename(kept)
    time.sleep(0.05)
y = n
"""


def test_what_a_long_attempt_writes_is_seen_while_it_runs(system, until, tmp_path):
    """Two lines before it is looked at, and a third one, after which it waits for a sign."""
    go = tmp_path / "go"
    body = f"import os, time\nprint('one')\nprint('two', flush=True)\nwhile not os.path.exists({str(go)!r}):\n    time.sleep(0.05)\nprint('three')\ny = 1"
    prefix = live_log_prefix("n", "r", "p/a", 1)
    worker = system.start(python(body))
    until(lambda: system.blobs.exists(f"{prefix}0"), "a piece of its log")
    assert system.blobs.get(f"{prefix}0") == b"one\ntwo\n"
    assert not system.blobs.exists("runs/n/r/logs/r.1.log")
    go.touch()
    worker.communicate(timeout=30)
    [done] = system.events()
    assert system.text_of(done) == "one\ntwo\nthree\n"


def test_a_task_that_is_stopped_goes_on_from_its_checkpoint(system, until):
    key = checkpoint_key("n", "r", "p/a")
    worker = system.start(python(CHECKPOINTED.format(go=""), checkpoint_ms=100))
    until(lambda: system.blobs.exists(key), "a checkpoint")
    worker.send_signal(signal.SIGTERM)
    _, said = worker.communicate(timeout=30)
    [stopped] = system.events()
    assert (worker.returncode, said) == (0, b"")
    assert isinstance(stopped, AttemptFailed)
    assert stopped.failure == "preempted"
    again = (WorkItem(instance="p/a", attempt=2),)
    code, _, [done] = system.run(python(CHECKPOINTED.format(go="yes"), *again, id="r.2", checkpoint_ms=100))
    assert isinstance(done, AttemptSucceeded), done
    assert code == 0
    assert done.outputs["y"] >= 5
    with_nothing = python(
        CHECKPOINTED.format(go="yes"), WorkItem(instance="p/new", attempt=1), id="r.3", checkpoint_ms=100
    )
    assert system.run(with_nothing)[2][0].outputs == {"y": 5}


def test_a_task_that_is_not_wanted_any_more_is_stopped(system, until, tmp_path):
    begun = tmp_path / "begun"
    worker = system.start(python(f"import time\nopen({str(begun)!r}, 'w').close()\ntime.sleep(60)\ny = 1"))
    until(begun.exists, "the attempt")
    note_cancelled(system.log, "r.1", (("p/a", 1),))
    _, said = worker.communicate(timeout=30)
    [event] = system.events()
    assert (worker.returncode, said, event.failure) == (0, b"", "preempted")


def test_what_was_cancelled_in_the_queue_never_begins(system, tmp_path):
    note_cancelled(system.log, "r.1", (("p/a", 1),))
    begun = tmp_path / "begun"
    _, _, [event] = system.run(python(f"open({str(begun)!r}, 'w')\ny = 1"), "--look-first")
    assert (event.failure, begun.exists()) == ("preempted", False)


def test_secrets_of_the_chunk_and_never_its_token(system):
    secrets = {"DB": {"driver": "aws_secrets", "name": "db"}}
    body = """
import os, json
print("secret", os.environ["DB"])
y = len([name for name in os.environ if name.startswith("ECONDA_TOKEN") or "eyJ" in os.environ[name]])
"""
    _, said, [event] = system.run(python(body, WorkItem(instance="p/a", attempt=1, secrets=secrets)))
    assert (said, event.outputs) == ("", {"y": 0})
    assert system.text_of(event) == "secret ***\n"


def test_only_one_of_two_workers_runs_the_chunk(system):
    assignment = system.assign(python("import time\ntime.sleep(0.5)\ny = 1"))
    both = [system.start(None, "--handle", name, assignment=assignment) for name in ("first", "second")]
    assert [worker.communicate(timeout=60)[1] for worker in both] == [b"", b""]
    assert [worker.returncode for worker in both] == [0, 0]
    assert len(system.events()) == 1


def test_members_of_an_array_and_an_assignment_in_a_variable(system, tmp_path):
    items = tuple(WorkItem(instance=f"p/a[{n}]", attempt=1, args={"x": n}) for n in range(2))
    assignment = system.assign(python("y = x", *items, inputs={"x": "Int"}), array=True, inline=False)
    command = [sys.executable, "-m", "econda_cloud.worker", "--scratch", str(tmp_path / "s"), "--variable", "WHAT"]
    for index in (1, 0):
        environment = {**BARE, "WHAT": encode_assignment(assignment).decode()}
        done = subprocess.run([*command, "--index", str(index)], env=environment, capture_output=True, timeout=60)
        assert (done.returncode, done.stderr) == (0, b"")
    assert [event.outputs for event in system.events()] == [{"y": 1}, {"y": 0}]


def test_an_assignment_in_a_file_is_taken_away(system, tmp_path):
    file = tmp_path / "assignment.json"
    file.write_bytes(encode_assignment(system.assign(python("y = 3"))))
    command = [sys.executable, "-m", "econda_cloud.worker", "--scratch", str(tmp_path / "s"), "--file", str(file)]
    assert subprocess.run(command, env=BARE, timeout=60).returncode == 0
    assert not file.exists()
    assert [event.outputs for event in system.events()] == [{"y": 3}]


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


@pytest.mark.parametrize(("given", "code"), [
    (b"", 64), (b"{", 64), (b"[]", 64), (b'{"run":"r"}', 64), (b"\xff", 64),
])  # fmt: skip
def test_an_assignment_that_is_none(given, code):
    done = subprocess.run(
        [sys.executable, "-m", "econda_cloud.worker"], input=given, env=BARE, capture_output=True, timeout=60
    )
    assert done.returncode == code
    assert b"not an assignment of econda" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_token_that_is_refused_is_said_and_not_shown(system):
    assignment = msgspec.structs.replace(system.assign(python("y = 1")), token="not-a-token-at-all")
    worker = system.start(None, assignment=assignment)
    _, said = worker.communicate(timeout=60)
    assert worker.returncode == 77
    assert b"the token is not one of econda" in said
    assert b"not-a-token" not in said


def test_an_address_that_is_none(system):
    for address in ("file:///etc/passwd", "nowhere", "ftp://x"):
        worker = system.start(None, assignment=msgspec.structs.replace(system.assign(python("y = 1")), gateway=address))
        _, said = worker.communicate(timeout=60)
        assert (worker.returncode, b"no http(s) one" in said) == (77, True)


def test_the_program_loads_no_cloud_and_no_scheduler():
    code = """
import sys, econda_cloud.worker.__main__
loaded = {name for name in sys.modules if name.split(".")[0] in ("boto3", "botocore", "jwt", "pydantic", "starlette", "econda_adapters")}
loaded |= {name for name in sys.modules if name.startswith(("econda_cloud.run", "econda_cloud.place", "econda_cloud.schedule", "econda_cloud.gateway", "econda_edsl.compile"))}
print(sorted(loaded))
"""
    done = subprocess.run([sys.executable, "-c", code], env=BARE, capture_output=True, timeout=60)
    assert done.stdout == b"[]\n"


def test_a_body_larger_than_announced_is_cut_off(system):
    leave = Leave(method="PUT", blob="x", name="x", ends_ms=now_ms() + 60_000, sha256="0" * 64, size=10)
    token = system.tokens.sign(leave, now_ms())
    host, port = system.server.address.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.request("PUT", f"/v1/blob/x?leave={token}", iter([b"x" * 6, b"x" * 6]), encode_chunked=True)
    assert connection.getresponse().status == 413
    connection.close()
    assert not system.blobs.exists("x")


def test_a_bad_token_is_answered_before_its_body_is_read(system):
    """The head alone is sent; an answer comes although the body never does."""
    host, port = system.server.address.removeprefix("http://").split(":")
    head = (f"POST /v1/report HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer forged\r\n"
            "Content-Type: application/json\r\nContent-Length: 1000000\r\n\r\n")  # fmt: skip
    with socket.create_connection((host, int(port)), timeout=10) as client:
        client.sendall(head.encode())
        answer = client.recv(10_000)
    assert answer.startswith(b"HTTP/1.1 401")


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
