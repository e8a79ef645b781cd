"""Pipelines in Python that the tests compare with hand-written text. Workers could run the tasks of this file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, NamedTuple, TypedDict

from econda_edsl.python import (
    File,
    Model,
    Needs,
    Percent,
    Range,
    Size,
    check,
    every,
    exponential,
    fail,
    fn,
    foreach,
    pipeline,
    repeat,
    shell,
    task,
    text,
    until,
    value,
    when,
)


@dataclass
class Trial:
    """One point of the sweep."""

    rate: float
    loss: float = 1.0


class Fitted(TypedDict):
    loss: float


class Swept(NamedTuple):
    rate: float
    loss: float
    failed: int
    summary: str


@task(
    needs=Needs(cpu=1, memory=lambda attempt: Size("256MiB") * attempt, time="1min", where=['node.arch == "x86_64"']),
    timeout="5min",
    retry=exponential(attempts=3, first="1s", on=["out_of_memory", "preempted", "lost"]),
)
def fit(rate: float, steps: int = 50) -> Fitted:
    """Minimise (3x - 6)^2 / 9 from x = 0 and report what is left."""
    x = 0.0
    for _ in range(steps):
        x -= rate * 2 * (x - 2)
    return {"loss": (x - 2) ** 2}


@pipeline(budget="$1", deadline="30min", tags={"team": "examples"})
def sweep(steps: Annotated[int, Range(1, 1000)] = 20) -> Swept:
    """Try some rates side by side; one in ten may fail."""

    @foreach([0.1, 0.2, 0.4], parallel=6, tolerate="10%")
    def trials(rate):
        tried = fit(rate, steps=steps)
        return Trial(rate=rate, loss=tried.loss)

    check(fn.len(trials.done) > 0, "no trial succeeded")
    winner = value(fn.best(trials.done, by="loss", lowest=True))
    summary = value(text("best of {n}: rate {rate}", n=fn.len(trials.done), rate=winner.rate))
    return Swept(rate=winner.rate, loss=winner.loss, failed=fn.len(trials.failed), summary=summary)


class Counted(NamedTuple):
    words: int
    file: File


count = shell(
    "count",
    """
    printf '%s' "$text" > "$OUT/file"
    printf '%s' "$text" | wc -w | tr -d ' ' > "$OUT/words"
    """,
    inputs={"text": str},
    outputs={"words": int, "file": File},
)


TWENTY = Percent("20%")


@task(packages=["tiny==1.*"], checkpoint=every("10min"), env={"MODE": "fast"})
def shorten(file: File, keep: int, share: Percent = TWENTY) -> str:
    return " ".join(file.read_text().split()[: int(keep * share)])


class Abstract(TypedDict):
    text: str
    decision: Literal["kept", "shortened"]
    note: str | None


@pipeline
def abstract(text: str, limit: Annotated[int, Range(1, 500)] = 10) -> Abstract:
    counted = count(text)

    @when((counted.words > limit) & ~(limit * 2 == 4))
    def outcome():
        short = shorten(counted.file, keep=limit).with_(memory="1GiB").after(counted)
        return {"result": short.value, "decision": "shortened", "note": None}

    @outcome.when(counted.words == 0)
    def outcome():
        fail("empty")

    @outcome.otherwise
    def outcome():
        return {"result": text, "decision": "kept", "note": "as it was"}

    return {"text": outcome.result, "decision": outcome.decision, "note": outcome.note}


class Better(NamedTuple):
    better: float
    change: float


@task
def improve(guess: float, number: float) -> Better:
    better = (guess + number / guess) / 2
    return Better(better, abs(better - guess))


class Root(NamedTuple):
    root: float
    rounds: int


@pipeline
def root(number: float = 2.0) -> Root:
    @repeat(up_to=40, guess=1.0, rounds=0, fail=text("no root of {number}", number=number))
    def found(guess: float, rounds: int):
        step = improve(guess, number)
        return until(step.change < 0.000001, guess=step.better, rounds=rounds + 1)

    return Root(root=found.guess, rounds=found.rounds)


shorten_all = shell("shorten_all", "true", inputs={"n": int})


@task
def train(trials: list[Trial], extra: dict[str, float] | None = None) -> Model:
    Path("m").write_text(f"{len(trials)} {extra}")
    return Model("m")


@pipeline
def unrolled() -> Model:
    """Loops over plain values are Python's own; each round is a step."""

    @foreach([1, 2])
    def _(n):
        shorten_all(n)

    points = [Trial(rate=rate) for rate in (0.1, 0.2)]
    for point in points:
        fitted = fit(point.rate)
    model = train([Trial(0.1, fitted.loss), *points], {"a": 1})
    return model.value


class Spread(NamedTuple):
    low: float
    high: float


@pipeline(budget="$3")
def around(rate: Annotated[float, Range(0, 1)], steps: int = 10) -> Spread:
    """Looks a little to both sides."""
    left = fit(rate - 0.1, steps=steps)
    right = fit(rate + 0.1, steps=steps)
    return Spread(low=left.loss, high=right.loss)


@pipeline
def composed(rates: list[float]) -> float:
    @foreach(rates, up_to=10)
    def looked(rate):
        one = around(rate).with_(budget="$1")
        return one.low

    last = around(0.5, steps=3).after(looked)
    return last.high


@pipeline
def endless(n: int):
    endless(n)
