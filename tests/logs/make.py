"""`python -m tests.logs.make`: writes the golden logs anew.

They stand for logs of runs and teams that began under an older version: whatever becomes of constants, prices and
policies, they must fold to the same states. So make them anew only where records were meant to become other ones, along
with a new `ENGINE_VERSION` if older ones cannot be folded any more.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from econda_edsl.plan import Plan, decode_plan, encode_plan

from econda_cloud.place.advance import apply as apply_broker
from econda_cloud.place.state import BrokerState
from econda_cloud.ports.blobs import MemoryBlobs
from econda_cloud.ports.log import MemoryLog
from econda_cloud.run.advance import apply
from econda_cloud.run.state import RunState
from econda_cloud.schedule.broker_history import BrokerHistory, broker_history
from econda_cloud.schedule.run_history import RunHistory
from econda_cloud.wire.broker import decode_broker_entry
from econda_cloud.wire.entries import decode_entry
from tests.logs.scenes import broker_scene, run_scene

HERE = Path(__file__).parent
RUNS = {"run": 500_000_000, "run-without-money": 4_000_000_000}
"""Logs of runs, each with what an attempt costs by the hour in nano-dollars."""

SNAPSHOTS = {"run": "run/r", "ledger": "ledger/t"}
"""States after the last record of a golden log, as they lie in the store of blobs: kind and name of the log."""

NOTHING = ("", 0, None, False, [], {})


def digest(state: Any) -> str:
    """Of what a state says: a member that is new, and empty, changes nothing."""
    said = json.dumps(_said(msgspec.to_builtins(state)), sort_keys=True)
    return hashlib.blake2b(said.encode(), digest_size=12).hexdigest()


def _said(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): said for key, each in value.items() if (said := _said(each)) not in NOTHING}
    return [_said(each) for each in value] if isinstance(value, list | tuple) else value


def run_states(plan: Plan, records: list[bytes]) -> Iterator[RunState | None]:
    """The state after each record. It is used up by the next."""
    state: RunState | None = None
    for record in records:
        state = apply(plan, state, decode_entry(record))
        yield state


def broker_states(records: list[bytes]) -> Iterator[BrokerState]:
    state = BrokerState()
    for record in records:
        state = apply_broker(state, decode_broker_entry(record))
        yield state


def golden_run(name: str) -> tuple[Plan, list[bytes], list[str]]:
    """The plan, the records, and the digest of the state after each."""
    plan, *rest = (HERE / f"{name}.jsonl").read_text().splitlines()
    records, digests = _split(rest)
    return decode_plan(plan.encode()), records, digests


def golden_broker() -> tuple[list[bytes], list[str]]:
    return _split((HERE / "broker.jsonl").read_text().splitlines())


def _split(lines: list[str]) -> tuple[list[bytes], list[str]]:
    pairs = [line.partition(" ") for line in lines]
    return [record.encode() for _, _, record in pairs], [told for told, _, _ in pairs]


def main() -> None:
    for name, hourly in RUNS.items():
        plan, records = run_scene(hourly)
        lines = [f"{digest(state)} {record.decode()}" for record, state in zip(records, run_states(plan, records), strict=True)]  # fmt: skip
        (HERE / f"{name}.jsonl").write_text("\n".join([encode_plan(plan).decode(), *lines, ""]))
    records = broker_scene()
    lines = [f"{digest(state)} {record.decode()}" for record, state in zip(records, broker_states(records), strict=True)]  # fmt: skip
    (HERE / "broker.jsonl").write_text("\n".join([*lines, ""]))
    for kind, name in SNAPSHOTS.items():
        blobs = MemoryBlobs()
        history = history_of(kind, blobs)
        history.refresh()
        history._save()
        (HERE / f"{kind}.snapshot").write_bytes(blobs.get(f"snapshots/{name}"))


def history_of(kind: str, blobs: MemoryBlobs) -> RunHistory | BrokerHistory:
    """The history of a golden log, with snapshots after each record."""
    log, (plan, records, _) = MemoryLog(), golden_run("run")
    for number, record in enumerate(records if kind == "run" else golden_broker()[0]):
        log.append(SNAPSHOTS[kind], number, record)
    if kind == "run":
        return RunHistory(log, lambda *_: plan, "r", blobs, every=1)
    return broker_history(log, "t", snapshots=blobs, every=1)


if __name__ == "__main__":
    main()
