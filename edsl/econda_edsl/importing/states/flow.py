"""The ways through a state machine as blocks: `when` for choices and catchers, `repeat` for circles.

A machine may jump anywhere; a program has blocks. Where ways from a choice meet, the `when` ends. Ways that never meet
are written out each. A circle becomes a `repeat` around its first state, which is left when the next state is another.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from econda_edsl.importing.report import Gaps, NotImported
from econda_edsl.importing.states.graph import END, circle_of, has_circles, meetings, part
from econda_edsl.writing.literals import text_literal
from econda_edsl.writing.naming import Names
from econda_edsl.writing.program import Bind, Fail, Note, Repeat, Step, When

STEPS_MOST = 20_000
DEPTH_MOST = 28
ROUNDS = 1000


@dataclass(frozen=True)
class Way:
    """One way out of a state: the test to take it (None: otherwise) and the state after it; its document is `state`."""

    test: str | None
    next: str
    document: str
    steps: tuple[Step, ...] = ()


@dataclass
class Written:
    """A state as steps, and where they lead: one way, or several of which one is taken; none after a failure."""

    steps: list[Step]
    ways: list[Way]


@dataclass
class Reached:
    """Where steps end. With several labels, `label` is the expression that tells which; `document` the data there."""

    labels: set[str]
    document: str
    label: str | None = None


@dataclass
class Flow:
    """`graph` are the states with those after them; `write` gives a state's own steps for a document."""

    graph: dict[str, tuple[str, ...]]
    write: Callable[[str, str], Written]
    where: str
    names: Names
    gaps: Gaps
    count: list[int] = field(default_factory=lambda: [0])

    def region(
        self,
        start: str,
        document: str,
        stops: frozenset[str],
        steps: list[Step],
        depth: int = 0,
        *,
        inside: bool = False,
    ) -> Reached:
        """Write from `start` until a state of `stops`. `inside` tells that `start` is the head of an open circle."""
        if depth > DEPTH_MOST:
            raise NotImported(f"{self.where}: branches are nested more than {DEPTH_MOST} deep; split the machine")
        seen = part(self.graph, stops)
        circles = has_circles(seen)
        meet: dict[str, str] | None = None
        at = start
        while inside or (at not in stops and at != END):
            self.counted()
            circle = circle_of(at, seen) if circles and not inside else set()
            if circle:
                found = self.circle(at, circle, document, stops, steps, depth)
                ways = [Way(f"{found.label} == {text_literal(each)}", each, found.document) for each in found.labels]
                ways.sort(key=lambda way: way.next)
            else:
                written = self.write(at, document)
                steps += written.steps
                ways = written.ways
            inside = False
            if not ways:
                return Reached(set(), document)
            if len(ways) == 1:
                steps += ways[0].steps
                at, document = ways[0].next, ways[0].document
                continue
            if circle:
                joint = None
            else:
                meet = meetings(seen) if meet is None else meet
                joint = meet.get(at)
            reached = self.branches(ways, joint if joint != END else None, stops, steps, depth)
            if reached.label is not None or not reached.labels or reached.labels <= stops | {END}:
                return reached
            at, document = next(iter(reached.labels)), reached.document
        return Reached({at}, document)

    def branches(
        self, ways: list[Way], joint: str | None, stops: frozenset[str], steps: list[Step], depth: int
    ) -> Reached:
        """One `when` with an arm per way; each arm goes on to where they meet."""
        until = stops | ({joint} if joint else frozenset())
        arms: list[list[Step]] = []
        ends: list[Reached] = []
        for way in ways:
            arm: list[Step] = list(way.steps)
            ends.append(self.region(way.next, way.document, until, arm, depth + 1))
            arms.append(arm)
        labels = set().union(*(end.labels for end in ends))
        document, label = self.names.take("state"), self.names.take("going") if len(labels) > 1 else None
        for arm, end in zip(arms, ends, strict=True):
            if end.labels:
                arm.append(Bind(end.document, document))
                if label:
                    arm.append(Bind(end.label or text_literal(next(iter(end.labels))), label))
        tests = [way.test for way in ways[:-1]]
        steps.append(When([*zip(tests, arms), (None, arms[-1])]))
        return Reached(labels, document, label)

    def circle(
        self, head: str, circle: set[str], document: str, stops: frozenset[str], steps: list[Step], depth: int
    ) -> Reached:
        """A `repeat` around the states of a circle, until the next one is not its head."""
        out = {each for state in circle for each in self.graph[state] if each not in circle}
        carried, going = self.names.take("state"), self.names.take("next_state")
        body: list[Step] = []
        end = self.region(head, carried, frozenset(stops | out | {head}), body, depth + 1, inside=True)
        left = end.labels - {head}
        if not left:
            raise NotImported(f"{self.where}: {head}: this circle of states is never left; give it a way out")
        label = end.label or text_literal(next(iter(end.labels)))
        note = self.gaps.of(f"{self.where}: {head}", "a circle without a bound", "everything ends in this language",
                            f"{ROUNDS} rounds are assumed, write the right number")  # fmt: skip
        steps.append(Note(note))
        several = len(left) > 1
        carries = [(carried, "String", document)] + ([(going, "String", '""')] if several else [])
        nexts = {carried: end.document, **({going: label} if several else {})}
        message = text_literal(f"{head} was entered more than {ROUNDS} times")
        steps.append(Repeat(str(ROUNDS), carries, body, nexts, f"{label} != {text_literal(head)}", message))
        return Reached(left, carried, going if several else None)

    def counted(self) -> None:
        self.count[0] += 1
        if self.count[0] > STEPS_MOST:
            raise NotImported(
                f"{self.where}: its branches never meet, so written as blocks they have more than {STEPS_MOST:,} steps; "
                "split the machine"
            )


def failing(message: str) -> Written:
    return Written([Fail(message)], [])
