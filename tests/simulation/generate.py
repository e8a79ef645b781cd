"""Random pipelines as EDSL text, over what the language compiles today."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from econda_edsl.compiler.compile import compile_source
from econda_edsl.evaluate import EvaluationError, evaluate
from econda_edsl.plan import (
    AnyNode,
    Call,
    Expr,
    FailureKind,
    Foreach,
    Plan,
    Repeat,
    Subpipeline,
    When,
    decode_plan,
    encode_plan,
)

from tests.simulation.workload import LARGEST, Nature

MOST_STEPS = 9
DEEPEST = 3
MOST_INSTANCES = 2_000


@dataclass(frozen=True)
class Program:
    """A pipeline's text, its plan, and how its tasks behave."""

    text: str
    plan: Plan
    natures: dict[str, Nature]


def generated(seed: str, steps: int = MOST_STEPS) -> Program:
    """The pipeline of a seed with at most so many steps; the text of fewer is not the beginning of that of more.

    One with too many instances is drawn again with fewer steps: it would show no more than a smaller one, for hours.
    """
    writer = _Writer(random.Random(seed), steps)
    program = compiled_program(writer.write(), writer.natures)
    if steps > 1 and most_instances(program.plan.body) > MOST_INSTANCES:
        return generated(seed, steps - 1)
    return program


def compiled_program(text: str, natures: dict[str, Nature]) -> Program:
    compiled = compile_source(text, pipeline="p")
    if compiled.plan is None:
        raise AssertionError(f"a generated pipeline does not compile:\n{text}\n{compiled.render(color=False)}")
    # As it is read from the store: the order of names in it decides the order of names in states.
    return Program(text, decode_plan(encode_plan(compiled.plan)), natures)


def most_instances(body: tuple[AnyNode, ...]) -> int:
    """How many instances a block may come to, at most."""
    return round(weighed(body, lambda _: 1))


def weighed(body: tuple[AnyNode, ...], weight: Callable[[str], float]) -> float:
    """The weight of all instances that a block may come to, by their tasks."""
    total = 0.0
    for node in body:
        match node:
            case Call(task=task):
                total += weight(task)
            case Foreach(over=over, body=inner):
                total += math.prod(_length(expr) for _, expr in over) * weighed(inner, weight)
            case Subpipeline(body=inner):
                total += weighed(inner, weight)
            case Repeat(up_to=up_to, body=inner):
                total += evaluate(up_to, {}) * weighed(inner, weight)
            case When(arms=arms):
                total += max(weighed(arm.body, weight) for arm in arms)
            case _:
                pass
    return total


def _length(expr: Expr) -> int:
    """Of a list that is known, its length; of one that is not, what `LARGEST` outputs can make of it."""
    try:
        return len(evaluate(expr, {}))
    except EvaluationError:
        return LARGEST


class _Writer:
    def __init__(self, dice: random.Random, steps: int) -> None:
        self._dice, self._left, self._names = dice, steps, 0
        self.natures: dict[str, Nature] = {}
        self._tolerant = False
        self._parts: list[str] = []

    def write(self) -> str:
        tasks = [self._task(f"t{number}") for number in range(self._dice.randint(1, 3))]
        parts = [self._part(f"q{number}") for number in range(self._dice.choice([0, 0, 1, 2]))]
        head = ["", "pipeline p(n: Int = 3) -> (r: Int):", *self._settings()]
        body, found = self._block(4, ["n"], 0)
        last = [f"    return r = {_sum([*found, 'n'])}"]
        handlers = [line for kind in ("failure", "cancel", "any") for line in self._handler(kind)]
        return "\n".join(["edsl 1", *tasks, *parts, *head, *body, *last, *handlers, ""])

    def _part(self, name: str) -> str:
        """A pipeline that those after it may call as a step."""
        head = ["", f"pipeline {name}(x: Int, w: Int = 2) -> (y: Int):", *self._settings()]
        body, found = self._block(4, ["x"], 1)
        self._parts.append(name)
        return "\n".join([*head, *body, f"    return y = {_sum([*found, 'w'])}"])

    def _handler(self, kind: str) -> list[str]:
        if self._dice.random() > 0.15:
            return []
        body, found = self._block(8, ["n"], DEEPEST - 1)
        return ["", f"    on {kind}:", *body, f"        {self._dice.choice(list(self.natures))}({_sum([*found, 'n'])})"]

    def _settings(self) -> list[str]:
        chosen = []
        if self._dice.random() < 0.15:
            chosen.append(f"        budget = ${self._dice.choice(['0.000002', '0.0001', '0.01', '5'])}")
        if self._dice.random() < 0.15:
            chosen.append(f"        deadline = {self._dice.choice(['20s', '5min', '2h'])}")
        return ["    with:", *chosen] if chosen else []

    def _task(self, name: str) -> str:
        dice = self._dice
        attempts = dice.randint(1, 4)
        slow = dice.random() < 0.12
        kinds: list[FailureKind] = ["failed", "bad_output", "out_of_memory"]
        self.natures[name] = Nature(
            flaky=dice.choice([0, 0, dice.randint(0, attempts - 1)]),
            kind=dice.choice(kinds),
            breaks=dice.choice([0, 0, 0, 3, 8]),
            longest_ms=3_000_000 if slow else dice.choice([40, 2_000, 30_000]),
        )
        if dice.random() < 0.12:
            # One that keeps state is Python, and nobody's results stand for its own.
            self.natures[name] = replace(self.natures[name], longest_ms=2_000)
            lines = ["", f"operator {name}(x: Int) -> (y: Int):", "    state:", "        seen: Int = 0"]
            lines += [f"    retry = {self._retry(attempts)}"] * (attempts > 1)
            return "\n".join([*lines, "    run python:", "        seen = seen + 1", "        y = x"])
        lines = ["", f"task {name}(x: Int) -> (y: Int):"]
        needs = [f"        memory = {dice.choice(['128MiB', '256MiB * attempt', '1GiB'])}"] * (dice.random() < 0.5)
        needs += [f"        time = {'50min' if slow else dice.choice(['20ms', '1s', '40s'])}"] * (dice.random() < 0.5)
        needs += ["        gpu = 1"] * (dice.random() < 0.1)
        lines += ["    needs:", *needs] if needs else []
        lines += ["    env = {MODE: \"m{x}\"}"] * (dice.random() < 0.2)  # fmt: skip
        lines += ['    packages = ["six"]'] * (dice.random() < 0.2)
        lines += [f"    retry = {self._retry(attempts)}"] * (attempts > 1)
        lines += ["    checkpoint = every(1min)"] * (slow or dice.random() < 0.2)
        if dice.random() < 0.2:
            # A result that is kept stands for that of another instance, so whether these fail is not theirs to say.
            self.natures[name] = replace(self.natures[name], breaks=0, longest_ms=40)
            lines += [f"    cache = {dice.choice(['inputs', 'for(1h)'])}"]
        lines += [f"    timeout = {'1h' if slow else dice.choice(['10s', '10min'])}"] * (slow or dice.random() < 0.4)
        lines += dice.choice(
            [["    run python:", f"        y = x  # {name}"], ["    run shell:", f'        echo {name} > "$OUT/y"']]
        )
        return "\n".join(lines)

    def _retry(self, attempts: int) -> str:
        wait = self._dice.choice(["10ms", "2s", "1min"])
        if self._dice.random() < 0.5:
            return f"linear(attempts = {attempts}, wait = {wait})"
        return f"exponential(attempts = {attempts}, first = {wait}, factor = 2, cap = 5min, jitter = 20%)"

    def _block(self, margin: int, scope: list[str], depth: int) -> tuple[list[str], list[str]]:
        """Lines of a block and the numbers that it leaves to be read; each is read once by whoever asked for it."""
        lines, found, steps = [], [], []
        for _ in range(self._dice.randint(1, 4)):
            if self._left <= 0:
                break
            self._left -= 1
            kinds = ["call"] * 5 + ["value", "assert"] + ["foreach", "when", "repeat"] * (depth < DEEPEST)
            write = getattr(self, "_" + self._dice.choice(kinds))
            more, leaves = write(margin, [*scope, *found], depth, steps)
            lines += more
            found += leaves
        if not lines:
            more, found = self._call(margin, scope, depth, steps)
            lines += more
        return lines, found

    def _name(self, letter: str) -> str:
        self._names += 1
        return f"{letter}{self._names}"

    def _expr(self, scope: list[str]) -> str:
        one = self._dice.choice(scope)
        return self._dice.choice([one, f"{one} + {self._dice.randint(0, 3)}", f"{one} + {self._dice.choice(scope)}"])

    def _call(self, margin: int, scope: list[str], depth: int, steps: list[str]) -> tuple[list[str], list[str]]:
        del depth
        name = self._name("s")
        if self._parts and self._dice.random() < 0.3:
            limits = self._dice.choice(["", "", "", "", " with budget = $0.001", " with deadline = 90s"])
            return [f"{' ' * margin}{name} = {self._dice.choice(self._parts)}({self._expr(scope)}){limits}"], [
                f"{name}.y"
            ]
        task = self._dice.choice(list(self.natures))
        after = f" after {self._dice.choice(steps)}" if steps and self._dice.random() < 0.2 else ""
        own = f" with memory = {self._dice.choice(['200MiB', '512MiB * attempt'])}" if self._dice.random() < 0.2 else ""
        steps.append(name)
        return [f"{' ' * margin}{name} = {task}({self._expr(scope)}){after}{own}"], [f"{name}.y"]

    def _value(self, margin: int, scope: list[str], depth: int, steps: list[str]) -> tuple[list[str], list[str]]:
        del depth, steps
        name = self._name("v")
        return [f"{' ' * margin}{name} = {self._expr(scope)} - 1"], [name]

    def _assert(self, margin: int, scope: list[str], depth: int, steps: list[str]) -> tuple[list[str], list[str]]:
        del depth, steps
        least = self._dice.choice([-1_000_000] * 6 + [2])
        return [f'{" " * margin}assert {self._dice.choice(scope)} >= {least}, "too small"'], []

    def _foreach(self, margin: int, scope: list[str], depth: int, steps: list[str]) -> tuple[list[str], list[str]]:
        del steps
        dice, name, each = self._dice, self._name("f"), self._name("i")
        places = [f"{each} in 1..{dice.choice([1, 4, 12])}"]
        bound, inner = "", [each]
        calls = [value for value in scope if value.endswith(".y")]
        if calls and dice.random() < 0.4:
            places, bound = [f"{each} in range({dice.choice(calls)})"], f" up to {dice.choice([9, 9, 9, 3])}"
        elif dice.random() < 0.3:
            inner.append(self._name("j"))
            places.append(f"{inner[1]} in 0..1")
        settings = [f"parallel = {dice.randint(1, 5)}"] * (dice.random() < 0.3)
        settings += [f"batch = {dice.randint(1, 4)}"] * (dice.random() < 0.3)
        settings += [f"tolerate = {dice.choice([30, 60, 100])}%"] * (dice.random() < 0.5)
        head = f"{name} = foreach {', '.join(places)}{bound}{' with ' if settings else ''}{', '.join(settings)}:"
        body, found = self._block(margin + 4, [*scope, *inner], depth + 1)
        gather = f"{' ' * (margin + 4)}gather {_sum([*found, *inner])}"
        return [" " * margin + head, *body, gather], [f"sum({name}.done)", f"len({name}.failed)"]

    def _when(self, margin: int, scope: list[str], depth: int, steps: list[str]) -> tuple[list[str], list[str]]:
        del steps
        space, name = " " * margin, self._name("m")
        first, found = self._block(margin + 4, scope, depth + 1)
        lines = [f"{space}when {self._dice.choice(scope)} > {self._dice.randint(0, 5)}:", *first]
        lines += [f"{space}    {name} = {_sum(found) if found else 1}", f"{space}else:"]
        if self._dice.random() < 0.15:
            return [*lines, f'{space}    fail "this branch fails"'], [name]
        second, found = self._block(margin + 4, scope, depth + 1)
        return [*lines, *second, f"{space}    {name} = {_sum(found) if found else 2}"], [name]

    def _repeat(self, margin: int, scope: list[str], depth: int, steps: list[str]) -> tuple[list[str], list[str]]:
        del steps
        space, name = " " * margin, self._name("k")
        body, found = self._block(margin + 4, [*scope, name], depth + 1)
        ending = ' else fail "too many rounds"' if self._dice.random() < 0.1 else ""
        lines = [
            f"{space}repeat up to {self._dice.randint(1, 4)}:",
            f"{space}    carry {name}: Int = {self._expr(scope)}",
        ]
        lines += [*body, f"{space}    next {name} = {_sum([name, *found])}"]
        return [*lines, f"{space}until {name} > {self._dice.randint(3, 20)}{ending}"], [name]


def _sum(parts: list[str]) -> str:
    return " + ".join(parts)
