"""`econda` against a stack, as a user types it: each command in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid

import pytest

from tests.emulator.line.test_line_bad_days import SLEEPERS
from tests.emulator.line.test_line_runs import FAN
from tests.emulator.line.test_line_uploads import HELLO

pytestmark = pytest.mark.emulator

PROGRAM = [sys.executable, "-c", "from econda_cloud.cli import main; main()"]


class Shell:
    def __init__(self, folder, environment):
        self.folder = folder
        self.environment = {**os.environ, **environment, "ECONDA_HOME": str(folder / "home")}

    def __call__(self, *arguments: str, code: int | None = 0) -> str:
        done = subprocess.run(
            [*PROGRAM, *arguments],
            capture_output=True, text=True, env=self.environment, cwd=self.folder, check=False, timeout=120,
        )  # fmt: skip
        assert code in (None, done.returncode), (arguments, done.returncode, done.stdout, done.stderr)
        return done.stdout if not code else done.stdout + done.stderr

    def json(self, *arguments: str, code: int | None = 0):
        return json.loads(self(*arguments, "--json", code=code))

    def write(self, name: str, text: str) -> str:
        (self.folder / name).write_text(text)
        return name


@pytest.fixture(scope="module")
def shell(local_cloud, tmp_path_factory):
    made = Shell(tmp_path_factory.mktemp("cli"), local_cloud.environment())
    made.team = f"c{uuid.uuid4().hex[:8]}"
    outputs = made.json("up", "--team", made.team)
    assert outputs["bucket"]
    assert "aws.lambda" in outputs["pools"]
    yield made
    refused = made("destroy", "--team", made.team, "--yes", code=1)
    assert f"nothing was removed, because team {made.team} holds" in refused
    assert f"`econda destroy --team {made.team} --data` removes it" in refused
    removed = made.json("destroy", "--team", made.team, "--yes", "--data")
    assert (removed["team"], removed["destroyed"], removed["lost"]["all"]) == (made.team, True, True)
    assert removed["lost"]["runs"]["default"] >= 1
    assert removed["lost"]["objects"] > 0


def test_a_run_is_submitted_watched_and_shown(shell):
    shell.write("fan.edsl", FAN)
    submitted = shell.json("submit", "fan.edsl", "-p", "n=4")
    run = submitted["run"]
    assert shell.json("show", run)["state"] in ("submitted", "running", "succeeded")
    watched = shell.json("watch", run)
    assert (watched["state"], watched["outputs"]["total"]) == ("succeeded", 14)
    shown = shell.json("show", run)
    assert shown["tasks"] == watched["tasks"]
    task = next(each for each in shown["tasks"] if each["instance"] == "squares/many[3]/s")
    assert (task["state"], task["pool"], task["attempts"]) == ("succeeded", "aws.lambda", 1)
    assert task["price"].startswith("$0.0")
    assert task["ended_ms"] >= task["started_ms"] > 0
    chosen = [each for each in shell.json("why", run, "squares/many[3]/s")["offers"] if each["chosen"]]
    assert chosen[0]["offer"].startswith("aws.lambda/")
    assert shell("logs", run, "squares/many[3]/s") == "squaring 3\n"
    assert "squares/many[3]/s | squaring 3\n" in shell("logs", run)
    assert "squares/many[3]/s | squaring 3\n" in shell("logs", run, "--follow")
    assert "squares/many[*]/s  4 succeeded" in shell("show", run)
    assert shell.json("get", run, "total", "-o", "got")["outputs"] == {"total": "got/total.json"}
    assert json.loads((shell.folder / "got" / "total.json").read_text()) == 14
    assert run in [each["run"] for each in shell.json("runs")]
    assert shell.json("replay", run, "--at", "1")["state"] == "running"
    assert run in shell("show", run[:-2])


SECRET = """edsl 1

secret token is aws_secrets:
    name = "service/token"

task asks() -> (n: Int):
    env = {TOKEN: token}
    run python:
        import os
        print("it is", os.environ["TOKEN"])
        n = len(os.environ["TOKEN"])

pipeline p() -> (n: Int):
    a = asks()
    return n = a.n
"""


def test_a_secret_is_kept_for_a_namespace_and_given_to_what_names_it(shell):
    (shell.folder / "token.txt").write_text("hunter2-hunter2\n")
    shell.write("secret.edsl", SECRET)
    said = shell("secrets", "set", "service/token", "--file", "token.txt")
    assert "hunter2" not in said
    assert [each["name"] for each in shell.json("secrets", "ls")] == ["service/token"]
    assert "hunter2" not in shell("secrets", "ls")
    assert shell.json("secrets", "ls", "--namespace", "other") == []
    report = shell.json("submit", "secret.edsl", "--wait")
    assert (report["state"], report["outputs"]) == ("succeeded", {"n": 15})
    assert shell("logs", report["run"], "p/a") == "it is ***\n"
    shell("secrets", "rm", "service/token")
    assert "there is no secret" in shell("secrets", "rm", "service/token", code=1)
    assert "is no name for a secret" in shell("secrets", "set", "a b", "--file", "token.txt", code=2)


def test_what_is_wrong_is_said_before_anything_is_uploaded(shell):
    shell.write("hello.edsl", HELLO)
    assert "times" in shell("submit", "hello.edsl", "-p", "times=9", code=2)
    shell.write("bad.edsl", HELLO.replace("greet(name)", "great(name)"))
    assert "did you mean" in shell("submit", "bad.edsl", code=3)
    assert "no-such" in shell("show", "no-such-run", code=4)
    assert "Team" in shell("up", "--team", "Team!", code=2)


def test_waiting_gives_the_exit_code_of_the_run(shell):
    shell.write("fails.edsl", HELLO.replace("printf", "exit 3; printf"))
    assert shell.json("submit", "fails.edsl", "--wait", code=1)["state"] == "failed"


def test_a_run_is_cancelled(shell, until):
    shell.write("sleepers.edsl", SLEEPERS.replace("sleep 60", "echo asleep\n        sleep 60"))
    run = shell.json("submit", "sleepers.edsl")["run"]
    while shell.json("show", run)["state"] == "submitted":
        pass
    until(lambda: any(each["instance"] == "sleepers/many[1]/s" for each in shell.json("show", run)["tasks"]), "one")
    until(lambda: shell("logs", run, "sleepers/many[1]/s") == "asleep\n", "its log, while it runs")
    assert "running" in {each["state"] for each in shell.json("show", run)["tasks"]}
    with subprocess.Popen([*PROGRAM, "logs", run, "--follow"], stdout=subprocess.PIPE, text=True, cwd=shell.folder,
                          env=shell.environment) as following:  # fmt: skip
        assert following.stdout is not None
        assert following.stdout.readline().endswith(" | asleep\n")
        following.terminate()
    assert "still goes on" in shell("rerun", run, code=1)
    shell("cancel", run, "--reason", "typo", "--wait", code=130)
    shown = shell.json("show", run)
    assert shown["state"] == "cancelled"
    assert "typo" in shown["error"]["message"]
    assert "cancelled already" in shell("cancel", run, code=2)


def test_dead_letters_are_shown_with_their_reasons(shell, client):
    queue = json.loads((shell.folder / "home" / "teams" / shell.team / "stack.json").read_text())["stack"][
        "events_queue"
    ]
    client("sqs").send_message(
        QueueUrl=queue, MessageBody="garbage", MessageGroupId="any", MessageDeduplicationId="garbage"
    )
    found: list[dict[str, str]] = []
    while not found:
        found = shell.json("dead-letters", "--team", shell.team)
    assert found[0]["body"] == "garbage"
    assert "not a message of econda" in found[0]["reason"]


TWO = """edsl 1

task first(x: Int) -> (y: Int):
    run python:
        y = x + 1

task second(x: Int, file: String) -> (y: Int):
    run python "code.py:second"

pipeline two(file: String) -> (y: Int):
    a = first(1)
    b = second(a.y, file)
    return y = b.y
"""


def test_a_run_is_done_again_where_it_ran(shell):
    marker = shell.folder / "marker"
    shell.write(
        "code.py", "def second(x, file):\n    with open(file) as found:\n        return x + int(found.read())\n"
    )
    shell.write("two.edsl", TWO)
    failed = json.loads(shell("submit", "two.edsl", "-p", f"file={marker}", "--wait", "--json", code=1))
    assert failed["state"] == "failed"
    marker.write_text("40")
    again = shell.json("rerun", failed["run"], "--wait")
    assert (again["state"], again["outputs"]) == ("succeeded", {"y": 42})
    assert {each["instance"]: each["state"] for each in again["tasks"]} == {"two/a": "reused", "two/b": "succeeded"}
    marker.write_text("41")
    begun = shell.json("rerun", again["run"], "--from", "second")
    assert begun["follows"] == again["run"]
    last = shell.json("watch", begun["run"])
    assert last["outputs"] == {"y": 43}
    assert [each["state"] for each in last["tasks"] if each["instance"] == "two/a"] == ["reused"]
    assert "did you mean `second`" in shell("rerun", again["run"], "--from", "secnd", code=2)


def test_a_changed_file_is_submitted_again_with_what_has_not_changed(shell):
    marker = shell.folder / "grown"
    marker.write_text("40")
    shell.write(
        "code.py", "def second(x, file):\n    with open(file) as found:\n        return x + int(found.read())\n"
    )
    shell.write("grown.edsl", TWO.replace("pipeline two", "pipeline grown"))
    first = shell.json("submit", "grown.edsl", "--resume", "-p", f"file={marker}", "--wait")
    assert {each["state"] for each in first["tasks"]} == {"succeeded"}
    shell.write("code.py", "def second(x, file):\n    return x + 1\n")
    again = shell.json("submit", "grown.edsl", "--resume", "-p", f"file={marker}", "--wait")
    assert (again["state"], again["outputs"]) == ("succeeded", {"y": 3})
    rows = {each["instance"]: each for each in again["tasks"]}
    assert (rows["grown/a"]["state"], rows["grown/b"]["state"]) == ("reused", "succeeded")
    assert rows["grown/b"]["not_reused"] == f"changed since {first['run']}: file code.py"


def test_a_file_of_this_machine_becomes_a_parameter_of_a_stack(shell):
    task = 'task count(data: File) -> (n: Int):\n    run shell:\n        wc -l < "$data" > "$OUT/n"\n'
    shell.write(
        "count.edsl",
        f'edsl 1\n\n{task}\npipeline counted(data: File = file("small.csv")) -> (n: Int, same: File):\n'
        "    a = count(data)\n    return n = a.n, same = data\n",
    )
    shell.write("small.csv", "1\n")
    shell.write("large.csv", "1\n2\n3\n")
    first = shell.json("submit", "count.edsl", "-p", "data=large.csv", "--wait")
    assert first["outputs"]["n"] == 3
    assert shell.json("submit", "count.edsl", "--wait")["outputs"]["n"] == 1
    again = shell.json("submit", "count.edsl", "-p", f"data=run:{first['run']}/same", "--wait")
    assert again["outputs"]["n"] == 3


CROWD = """edsl 1

task hold(i: Int) -> (y: Int):
    needs:
        time = 10s
    run python:
        import time
        time.sleep(2)
        y = i

pipeline crowd() -> (ys: List[Int]):
    many = foreach i in 0..19:
        a = hold(i)
        gather a.y
    return ys = many.done
"""


def test_what_waits_for_a_place_is_told_how_full_the_pools_are_and_afterwards_how_full_they_were(shell):
    run = shell("submit", shell.write("crowd.edsl", CROWD), "--team", shell.team).strip()
    end = time.monotonic() + 60
    while True:
        asked = shell.json("why", run, "crowd/many[19]/a", "--team", shell.team, code=None)
        if asked.get("waits") and asked["waits"][0]["heard"]:
            break
        assert time.monotonic() < end, asked
        time.sleep(0.2)
    assert asked["state"] in ("waiting", "placed")
    first = asked["waits"][0]["heard"][0]
    functions = next(each for each in first["offers"] if each["offer"] == "aws.lambda/1769")
    assert (functions["refused"], functions["room"]) == ("", 0)
    assert 0 < functions["slots_lent"] <= functions["slots"]
    shell("watch", run, "--team", shell.team)
    [wait] = shell.json("why", run, "crowd/many[19]/a", "--team", shell.team)["waits"]
    assert wait["until_ms"] > wait["since_ms"]
    assert wait["heard"][0] == first
    said = shell("why", run, "crowd/many[19]/a", "--team", shell.team)
    assert "aws.lambda/1769: full, lent: " in said
