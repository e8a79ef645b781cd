"""A fan of 1000 short tasks through the emulator's wire, again and again in one stack: tasks per second and billable
requests per task. In the first most functions are cold; the tasks of the last print a line and return a file.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

from econda_adapters.aws.clients import Clients
from econda_adapters.aws.team import Team
from econda_infra import apply
from econda_local import cloud

from bench.shapes import fan, floor_rate, writing
from econda_cloud.submission.uploads import Upload

WIDTH, TIMES = 1000, 3


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        local = cloud.up(Path(folder))
        try:
            stack = apply.up("bench", home=Path(folder), environment=local.environment())
            team = Team(stack, Clients(local.environment()))
            run_source(team, fan(8), {"n": 8})
            floor = floor_rate(Path(folder), WIDTH)
            print(f"{'through the wire':<16}{'tasks/s':>10}{'floor/s':>10}{'ratio':>8}")
            for name, source in [*[(f"fan-out {WIDTH}", fan(WIDTH))] * TIMES, ("with files", writing(WIDTH))]:
                local.requests(reset=True)
                _, seconds = run_source(team, source, {"n": WIDTH})
                rows = [row for row in local.requests() if row[0] == "stack"]
                _print(name, seconds, rows, floor)
        finally:
            cloud.down(Path(folder))


def run_source(team: Team, source: str, outputs: dict[str, int]) -> tuple[str, float]:
    """The run that an upload starts, and the seconds until its status says that it is over."""
    key = "uploads/bench/p.edsl"
    begun = time.perf_counter()
    s3 = team.clients("s3")
    version = s3.put_object(Bucket=team.stack.bucket, Key=key, Body=source.encode())["VersionId"]
    run = Upload(team.stack.bucket, key, version).run("p")
    status_key = f"runs/bench/{run}/status.json"
    while True:
        try:
            status = json.loads(team.blobs.get(status_key))
        except KeyError:
            status = {}
        if status.get("finished_ms"):
            assert status["outputs"] == outputs, status
            return run, time.perf_counter() - begun
        time.sleep(0.05)


def _print(name: str, seconds: float, rows: list[tuple[str, str, str, int]], floor: float) -> None:
    rate, requests = WIDTH / seconds, sum(row[3] for row in rows)
    print(f"{name:<16}{rate:>10.0f}{floor:>10.0f}{rate / floor:>8.3f}")
    detail = ", ".join(f"{number} {service} {operation}" for _, service, operation, number in rows)
    print(f"billable requests per task: {requests / WIDTH:.2f} ({detail})")


if __name__ == "__main__":
    main()
