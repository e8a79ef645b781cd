"""What tracing cannot see is refused with what to write instead, never traced wrongly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

import pytest
from econda_edsl.python import (
    File,
    Needs,
    Size,
    TraceError,
    fn,
    foreach,
    pipeline,
    repeat,
    shell,
    task,
    text,
    until,
    when,
)

TYPES = {"inputs": {"n": int}, "outputs": {"big": bool, "size": Size, "all": list[int]}}
look = shell("look", "true", **TYPES)


@task
def double(n: int) -> int:
    return 2 * n


def branch(x: Any) -> Any:
    @when(x.big)
    def arm():
        return {"a": 1}

    return arm


def one_armed(x: Any) -> None:
    double(branch(x).a)


def uneven(x: Any) -> None:
    @branch(x).otherwise
    def _():
        return {"b": 1}


def no_dict(x: Any) -> None:
    @when(x.big)
    def _():
        return 5


def loop_without_next(x: Any) -> None:
    @repeat(up_to=3, n=1)
    def _(n: int):
        return until(n > x.size)


def two_lists(x: Any) -> None:
    @foreach(x.all, x.all)
    def _(one):
        return one


def in_a_local_function(_: Any) -> None:
    @task
    def inner(n: int) -> int:
        return n

    inner(1)


def with_no_hint(_: Any) -> None:
    def bare(n):
        return n

    task(bare)(1)


REFUSED: list[tuple[Callable[[Any], Any], str]] = [
    (lambda x: double(1) if x.big else None, "write `when(…)` for a branch"),
    (lambda x: x.big and x.big, "`&`, `|`, `~`"),
    (lambda x: 1 < x.size < 2, "`&`, `|`, `~`"),
    (lambda x: [double(each) for each in x.all], "write `foreach(…)`"),
    (lambda x: len(x.all), "write `fn.len(…)`"),
    (lambda x: 3 in x.all, "x.one_of(values)"),
    (lambda x: f"{x.size}", "instead of an f-string"),
    (lambda x: str(x.size), 'write `text("'),
    (lambda x: int(x.size), "write `fn.int(…)`"),
    (lambda x: range(x.size), "foreach(fn.range(…))"),
    (lambda x: Path(x.all), "give it to a task"),
    (lambda x: x.all[1:], "`fn.take(…)` and `fn.drop(…)`"),
    (lambda x: x.sise, "`x` has no output `sise`; did you mean `size`?"),
    (lambda x: x.size > "5 apples", "`5 apples` is no Size"),
    (lambda _: double(m=1), "has no input `m`"),
    (lambda _: double(1, 2), "takes 1 inputs, 2 are given"),
    (lambda _: double(object()), "a object is no value of EDSL"),
    (lambda _: double(float("nan")), "nan is not a finite number"),
    (lambda _: double(1).with_(memery="1GiB"), "a step has no setting `memery`; did you mean `memory`?"),
    (lambda _: double(1).with_(memory="much"), "`much` is no Size"),
    (lambda x: fn.length(x.all), "EDSL has no function `length`"),
    (lambda _: text("{y}"), "`text` has no value for {y}"),
    (lambda _: text("a", y=1), "values that it does not show: y"),
    (lambda _: double(1).after(None), "`after` takes steps, None is none"),
    (one_armed, "there is no `@arm.otherwise`; write it first"),
    (uneven, "is returned by some branches of `arm` and not by others"),
    (no_dict, "return a dict of names and values"),
    (loop_without_next, "a next value for each of ['n']"),
    (two_lists, "foreach over 2 lists needs a function of as many parameters"),
    (in_a_local_function, "is not at the margin of a file"),
    (with_no_hint, "the input `n` of the task `bare` has no type"),
]


@pytest.mark.parametrize(("body", "said"), REFUSED, ids=range(len(REFUSED)))
def test_a_body_is_refused(body: Callable[[Any], Any], said: str) -> None:
    def flow(n: int):
        x = look(n)
        body(x)

    with pytest.raises(TraceError) as caught:
        pipeline(flow).edsl()
    assert said in str(caught.value)


class One(NamedTuple):
    a: int


class Two(TypedDict):
    a: int
    b: int


def test_declarations_are_refused_with_their_place() -> None:
    def one() -> One: ...

    def many(n: int | str) -> None: ...

    def star(*n: int) -> None: ...

    for function, said in [
        (one, "a NamedTuple with one field"),
        (many, "one of several types"),
        (star, "takes `*n"),
    ]:
        with pytest.raises(TraceError) as caught:
            pipeline(function).edsl()
        assert said in str(caught.value)
    with pytest.raises(TraceError, match="the task `double` has no setting `retires`"):
        task(double.function, retires=1)
    with pytest.raises(TraceError, match="a pipeline has no setting `budge`; did you mean `budget`"):
        pipeline(budge="$1")(one)
    with pytest.raises(ValueError, match="'8 gigs' is no Size"):
        Size("8 gigs")


def test_what_is_returned_must_be_what_is_declared() -> None:
    def flow(n: int) -> Two:
        return {"a": n}  # type: ignore[typeddict-item]

    with pytest.raises(TraceError, match="must return a, b, it returns a"):
        pipeline(flow).edsl()


def test_a_setting_of_an_unknown_input_is_refused() -> None:
    needy = shell("needy", "true", needs=Needs(memory=lambda rows: rows), inputs={"file": File})

    def flow(file: File):
        needy(file)

    with pytest.raises(TraceError, match="`memory` is a function of `rows`, which is neither an input nor `attempt`"):
        pipeline(flow).edsl()


def test_blocks_and_pipelines_belong_where_they_are_traced() -> None:
    with pytest.raises(TraceError, match="when stands outside of a pipeline"):
        branch(type("X", (), {"big": True}))
    with pytest.raises(TraceError, match="cannot be called; write its text with"):
        pipeline(double.function)()
    with pytest.raises(TraceError, match="it runs only in a pipeline"):
        look(1)


def test_a_pipeline_that_calls_itself_is_refused() -> None:
    from tests.python_face.plans import endless

    with pytest.raises(TraceError, match="`endless` calls itself, directly or through others; use `repeat`"):
        endless.edsl()


def test_a_pipeline_as_a_step_takes_its_own_inputs_and_settings() -> None:
    from tests.python_face.plans import around

    def wrong(n: float):
        around(n, size=3)

    with pytest.raises(TraceError, match="the pipeline `around` has no input `size`; it has rate, steps"):
        pipeline(wrong).edsl()

    def large(n: float):
        around(n).with_(memory="4GiB")

    with pytest.raises(TraceError, match="a step has no setting `memory`; it is one of budget, deadline"):
        pipeline(large).edsl()
