"""Handlers: what still runs after a pipeline has ended."""

from __future__ import annotations

from typing import Any

from econda_edsl.compile import compile_source
from econda_edsl.plan import Plan

from econda_cloud.money.prices import Price
from econda_cloud.run.invariants import check
from econda_cloud.run.state import RunState
from econda_cloud.run.step import step
from econda_cloud.wire.commands import AnyCommand, FinishRun, RequestPlacement
from econda_cloud.wire.events import (
    AnyEvent,
    AttemptFailed,
    AttemptsPlaced,
    AttemptSucceeded,
    CancelRequested,
    RunStarted,
)

HEAD = """edsl 1

task work(x: Int) -> (y: Int):
    run python:
        y = x

task tell(text: String) -> (said: String):
    run python:
        said = text

pipeline p(n: Int = 7) -> (y: Int):
    a = work(n)
    return y = a.y
"""
FAILURE = '\n    on failure:\n        first = tell("{n}: {run.error}")\n        tell("then {first.said}")\n'
CANCEL = '\n    on cancel:\n        tell("cancelled: {run.error}")\n'
ANY = '\n    on any:\n        tell("any")\n'


def planned(*handlers: str) -> Plan:
    compiled = compile_source(HEAD + "".join(handlers))
    assert compiled.plan is not None, compiled.render()
    return compiled.plan


class Play:
    """A run whose attempts end as `answers` says; what is asked for is in `asked`, in order."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.state, self.now = plan, None, 1_000
        self.asked: list[str] = []
        self.finished: list[FinishRun] = []
        self.waiting: list[tuple[str, int]] = []
        self.hear(RunStarted(run="r", namespace="n", plan=plan.digest, params={"n": 7}, seed=1))

    state: RunState | None

    def hear(self, *events: AnyEvent) -> None:
        self.now += 1_000
        self.state, commands = step(self.plan, self.state, events, self.now)
        assert self.state is not None
        check(self.plan, self.state)
        self._note(commands)

    def _note(self, commands: list[AnyCommand]) -> None:
        for command in commands:
            if isinstance(command, RequestPlacement):
                self.waiting += command.items
                self.asked += [instance for instance, _ in command.items]
            elif isinstance(command, FinishRun):
                self.finished.append(command)

    def place(self) -> tuple[str, int]:
        item = self.waiting.pop(0)
        chunk = f"c{item[0]}"
        self.hear(AttemptsPlaced(chunk=chunk, pool="local", offer="local", spot=False, price=Price(), memory=1,
                                 items=(item,), lease_ms=1_000_000))  # fmt: skip
        return item

    def succeed(self, **outputs: Any) -> None:
        instance, attempt = self.place()
        self.hear(AttemptSucceeded(instance=instance, attempt=attempt, outputs=outputs, started_ms=0, ended_ms=1))

    def fail(self) -> None:
        instance, attempt = self.place()
        self.hear(AttemptFailed(instance=instance, attempt=attempt, failure="failed", message="broken",
                                started_ms=0, ended_ms=1))  # fmt: skip

    @property
    def end(self) -> tuple[str, str]:
        assert self.state is not None
        assert self.state.outcome is not None
        return self.state.outcome.state, self.state.outcome.error


def test_a_failed_run_runs_its_handlers_and_stays_failed() -> None:
    play = Play(planned(FAILURE, CANCEL, ANY))
    play.fail()
    assert play.asked == ["p/a", "p/on_failure/first"]
    assert play.state is not None
    assert play.state.outcome is None
    play.succeed(said="x")
    assert play.asked[2:] == ["p/on_failure/tell"]
    play.succeed(said="y")
    assert play.asked[3:] == ["p/on_any/tell"]
    play.succeed(said="z")
    assert play.end == ("failed", "p/a (attempt 1) failed: broken")
    assert len(play.finished) == 1


def test_the_error_of_the_run_is_a_value_in_its_handlers() -> None:
    play = Play(planned(FAILURE))
    play.fail()
    assert play.state is not None
    assert play.state.root is not None
    [call] = play.state.root.active.values()
    assert call.args == {"text": "7: p/a (attempt 1) failed: broken"}  # type: ignore[union-attr]


def test_a_run_that_succeeds_keeps_its_outputs_whatever_its_handler_does() -> None:
    play = Play(planned(FAILURE, ANY))
    play.succeed(y=3)
    assert play.asked == ["p/a", "p/on_any/tell"]
    play.fail()
    assert play.end == ("succeeded", "")
    assert play.finished[0].outcome.outputs == {"y": 3}
    assert play.state is not None
    assert any("on any" in error for error in play.state.errors)


def test_a_cancelled_run_runs_the_handler_of_cancel_and_a_second_cancel_ends_that() -> None:
    play = Play(planned(FAILURE, CANCEL))
    play.hear(CancelRequested(by="ada"))
    assert play.asked == ["p/a", "p/on_cancel/tell"]
    play.hear(CancelRequested(by="bob"))
    assert play.end == ("cancelled", "cancelled by ada")


def test_events_of_the_pipeline_change_nothing_in_a_handler() -> None:
    play = Play(planned(CANCEL))
    play.hear(CancelRequested(by="ada"))
    play.hear(AttemptSucceeded(instance="p/a", attempt=1, outputs={"y": 1}, started_ms=0, ended_ms=1))
    assert play.asked == ["p/a", "p/on_cancel/tell"]
    play.waiting.pop(0)
    play.succeed(said="x")
    assert play.end[0] == "cancelled"


def test_without_handlers_nothing_follows() -> None:
    play = Play(planned())
    play.fail()
    assert play.end[0] == "failed"
    assert play.asked == ["p/a"]
