"""spot-without-checkpoint: long work on machines that may be taken away, and nothing saved."""

from __future__ import annotations

from collections.abc import Iterator

from econda_edsl.compiler import syntax as s
from econda_edsl.lint.rule import Finding, Program, Rule, setting

LONG_MS = 30 * 60 * 1000


def check(program: Program) -> Iterator[Finding]:
    for task in program.tasks:
        time = setting(task.needs, "time")
        spot = next((test for test in task.where if _wants_spot(test)), None)
        if spot is None or time is None or setting(task.settings, "checkpoint") is not None:
            continue
        if isinstance(time.value, s.Literal) and time.value.type == "Duration" and time.value.value >= LONG_MS:
            help_ = "add `checkpoint = every(10min)` and save to `$ECONDA_CHECKPOINT`, or do without `node.spot`"
            message = f"`{task.name.text}` begins anew whenever its machine is taken away"
            yield Finding(spot.span, message, "may be taken away", help_)


def _wants_spot(test: s.Expr) -> bool:
    match test:
        case s.Member(base=s.Ref(name="node"), name=name):
            return name.text == "spot"
        case s.Binary(op="eq", left=left, right=s.Literal(value=True)):
            return _wants_spot(left)
        case s.Binary(op="and", left=left, right=right):
            return _wants_spot(left) or _wants_spot(right)
        case _:
            return False


RULE = Rule(
    "spot-without-checkpoint",
    "long work on spot machines without a checkpoint",
    "An interruptible machine is cheap because it may be taken away. A task of half an hour or more that asks for "
    "one and saves nothing begins anew each time, and may cost more than a machine that stays.",
    '''edsl 1

task fit(rows: Table) -> (model: Model):
    """Fit."""
    needs:
        time = 2h
        where node.spot
    run shell:
        fit "$rows" "$OUT/model"
''',
    '''edsl 1

task fit(rows: Table) -> (model: Model):
    """Fit."""
    needs:
        time = 2h
        where node.spot
    checkpoint = every(10min)
    run shell:
        fit --save "$ECONDA_CHECKPOINT" "$rows" "$OUT/model"
''',
    ("cost",),
    check,
)
