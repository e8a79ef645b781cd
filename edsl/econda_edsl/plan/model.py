"""The plan: what a compiled pipeline is, as immutable JSON (version 1).

The scheduler, the worker and every tool read only this; none of them parses EDSL.
Expressions are single-key JSON objects evaluated by `econda_edsl.evaluate`; quantities are plain
integers (Size bytes, Duration milliseconds, Money micro-dollars, Rate micro-dollars per hour).
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import msgspec

PLAN_VERSION = 1

Expr: TypeAlias = dict[str, Any]
TypeText: TypeAlias = str
Span: TypeAlias = tuple[int, int]


class Struct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Shared manners of all plan records."""


class Parameter(Struct, frozen=True, kw_only=True):
    """An input of a task or pipeline. `minimum`/`maximum` are inclusive and of the parameter's own unit."""

    type: TypeText
    default: Expr | None = None
    minimum: float | int | None = None
    maximum: float | int | None = None
    doc: str = ""


class Needs(Struct, frozen=True, kw_only=True):
    """What one attempt reserves. Expressions may use the task's inputs and `attempt` (from 1).

    cpu: cores (Int or Float); memory, disk: bytes; gpu: count; time: expected run time in ms.
    `where`: Bool expressions over `node`.
    """

    cpu: Expr = msgspec.field(default_factory=lambda: {"lit": 1})
    memory: Expr = msgspec.field(default_factory=lambda: {"lit": 512 * 1024 * 1024})
    disk: Expr = msgspec.field(default_factory=lambda: {"lit": 0})
    gpu: Expr = msgspec.field(default_factory=lambda: {"lit": 0})
    gpu_kinds: tuple[str, ...] = ()
    time: Expr | None = None
    where: tuple[Expr, ...] = ()


FailureKind: TypeAlias = Literal["failed", "timed_out", "out_of_memory", "bad_output", "preempted", "lost"]


class Retry(Struct, frozen=True, kw_only=True):
    """Back-off before attempt n+1: exponential `first*factor**(n-1)` or linear `first*n`, at most `cap`.

    `jitter` is the fraction of the wait that is drawn at random; `on` empty means any failure.
    """

    kind: Literal["exponential", "linear"] = "exponential"
    attempts: int = 1
    first_ms: int = 1_000
    factor: float = 2.0
    cap_ms: int = 600_000
    jitter: float = 0.1
    on: tuple[FailureKind, ...] = ()


class Inline(Struct, frozen=True, kw_only=True, tag_field="kind", tag="inline"):
    """A code body in the pipeline file; never templated. It stands in `file` below this `line`, which change no digest."""

    language: Literal["shell", "python", "r", "julia"]
    body: str
    file: str = ""
    line: int = 0


class Entry(Struct, frozen=True, kw_only=True, tag_field="kind", tag="entry"):
    """A function in a code file of the bundle, `function` empty meaning: run the file as a script."""

    language: Literal["shell", "python"]
    path: str
    function: str = ""


class Container(Struct, frozen=True, kw_only=True, tag_field="kind", tag="container"):
    """A container image run with `args` (argv elements, one expression each), no shell."""

    image: str
    args: tuple[Expr, ...] = ()


class Connector(Struct, frozen=True, kw_only=True):
    """A data source or sink, as an operator reaches it. A setting is a constant, or `{"secret": …}`."""

    driver: str
    settings: dict[str, Any] = msgspec.field(default_factory=dict)


class Operator(Struct, frozen=True, kw_only=True, tag_field="kind", tag="operator"):
    """An operator of a package, found by the worker among what is installed where it runs."""

    package: str
    name: str
    version: str
    connector: Connector | None = None


Run: TypeAlias = Inline | Entry | Container | Operator


class Cache(Struct, frozen=True, kw_only=True):
    """Whether results of equal inputs are used again: never (`use` False), or while not older than `max_age_ms`."""

    use: bool = True
    max_age_ms: int | None = None


class Task(Struct, frozen=True, kw_only=True):
    """What one call executes. `digest` is semantic: docs, comments and layout do not change it.

    `state` are the fields an operator keeps from run to run, one set of values per value of `exclusive`.
    `checkpoint_bytes`: save a checkpoint once that much of it has changed. `own_process`: no two attempts run in one.
    `reach` are the code files that the task can reach; None means that it may be any of the plan's.
    """

    digest: str
    inputs: dict[str, Parameter]
    outputs: dict[str, TypeText]
    run: Run
    needs: Needs = msgspec.field(default_factory=Needs)
    retry: Retry = msgspec.field(default_factory=Retry)
    timeout_ms: int | None = None
    checkpoint_ms: int | None = None
    env: dict[str, Expr] = msgspec.field(default_factory=dict)
    image: str | None = None
    environment: str | None = None
    checkpoint_bytes: int | None = None
    cache: Cache | None = None
    version: str | None = None
    state: dict[str, Parameter] = msgspec.field(default_factory=dict)
    exclusive: Expr | None = None
    reach: tuple[str, ...] | None = None
    doc: str = ""
    own_process: bool = False


class Environment(Struct, frozen=True, kw_only=True):
    """Python packages of a task. `pins` are hash-pinned requirement lines, empty until resolved."""

    packages: tuple[str, ...]
    pins: tuple[str, ...] = ()


class Overrides(Struct, frozen=True, kw_only=True):
    """Settings of one step (`x = f() with …`), each replacing the task's own."""

    needs: dict[str, Expr] = msgspec.field(default_factory=dict)
    retry: Retry | None = None
    timeout_ms: int | None = None
    checkpoint_ms: int | None = None
    checkpoint_bytes: int | None = None
    cache: Cache | None = None


class Node(Struct, frozen=True, kw_only=True, tag_field="kind"):
    """A node of a block. `id` is unique in its block; `waits` names the nodes of the same block it needs."""

    id: str
    waits: tuple[str, ...] = ()
    span: Span = (0, 0)


class Call(Node, frozen=True, kw_only=True, tag="call"):
    """Run a task; binds `id` to the record of its outputs."""

    task: str
    args: dict[str, Expr]
    overrides: Overrides | None = None


class Value(Node, frozen=True, kw_only=True, tag="value"):
    """Bind `id` to an expression."""

    expr: Expr


class Foreach(Node, frozen=True, kw_only=True, tag="foreach"):
    """Run `body` once per element of the product of `over`; binds `id` to {done, failed, all}.

    `up_to` bounds the product; `parallel` bounds members at once; `tolerate` is the fraction allowed to fail.
    """

    over: tuple[tuple[str, Expr], ...]
    body: tuple[AnyNode, ...]
    gather: Expr | None = None
    up_to: Expr | None = None
    parallel: int | None = None
    batch: int | None = None
    tolerate: float = 0.0


class Arm(Struct, frozen=True, kw_only=True):
    """One branch of a `when`; `test` None is `else`."""

    body: tuple[AnyNode, ...]
    test: Expr | None = None


class When(Node, frozen=True, kw_only=True, tag="when"):
    """Take the first arm whose test holds; `binds` are the names bound on every path, with their types."""

    arms: tuple[Arm, ...]
    binds: dict[str, TypeText] = msgspec.field(default_factory=dict)


class Carry(Struct, frozen=True, kw_only=True):
    name: str
    start: Expr


class Repeat(Node, frozen=True, kw_only=True, tag="repeat"):
    """Run `body` until `until` holds, at most `up_to` rounds; binds the carried names to their last values.

    `next` and `until` see the body's names and the round's carried values; in the language `until` sees those that `next` has
    just said, so the compiler puts the expressions of `next` in place of their names. With `fail_message` (a String
    expression), running out of rounds fails the node; without, the last values stand.
    """

    up_to: Expr
    carry: tuple[Carry, ...]
    body: tuple[AnyNode, ...]
    next: dict[str, Expr]
    until: Expr
    fail_message: Expr | None = None


class Subpipeline(Node, frozen=True, kw_only=True, tag="pipeline"):
    """Run a pipeline as a step: `body` sees its `params`, given by `args` or by default; binds `id` to the record of `returns`.

    `budget_micros` bounds what everything inside may cost, `deadline_ms` how long it may go on; what exceeds one fails the
    step.
    """

    pipeline: str
    params: dict[str, Parameter]
    args: dict[str, Expr]
    body: tuple[AnyNode, ...]
    returns: dict[str, Expr] = msgspec.field(default_factory=dict)
    budget_micros: int | None = None
    deadline_ms: int | None = None


class Assert(Node, frozen=True, kw_only=True, tag="assert"):
    expr: Expr
    message: Expr | None = None


class Fail(Node, frozen=True, kw_only=True, tag="fail"):
    message: Expr


AnyNode: TypeAlias = Call | Value | Foreach | When | Repeat | Subpipeline | Assert | Fail


class Settings(Struct, frozen=True, kw_only=True):
    """Settings of the whole pipeline (`with:` block). Runs of one value of `exclusive` go one after another.

    `publish` is a String over the inputs and `prelude.PUBLISHED`: where the outputs of a run that ends well are copied to.
    """

    budget_micros: int | None = None
    deadline_ms: int | None = None
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    priority: int = 0
    exclusive: Expr | None = None
    publish: Expr | None = None


class Rule(Struct, frozen=True, kw_only=True):
    """A guard of a policy, over the entities of `econda_edsl.words.prelude.POLICY_ENTITIES`; `policy` says whose it is."""

    kind: Literal["scope", "forbid", "require"]
    expr: Expr
    policy: str
    because: str = ""


class Objective(Struct, frozen=True, kw_only=True):
    """What is to be small, or great if `maximize`, of the offers that no guard excludes."""

    expr: Expr
    policy: str
    maximize: bool = False


class Policy(Struct, frozen=True, kw_only=True):
    """All policies in force for a pipeline, as one. Objectives count one after another.

    `priority` is an Int over `pipeline`. `settings` are the others, by name, as constants.
    """

    rules: tuple[Rule, ...] = ()
    objectives: tuple[Objective, ...] = ()
    priority: Expr | None = None
    max_parallel: int | None = None
    settings: dict[str, Any] = msgspec.field(default_factory=dict)


class Source(Struct, frozen=True, kw_only=True):
    path: str
    sha256: str


class Plan(Struct, frozen=True, kw_only=True):
    """One compiled pipeline. `digest` is the hash of everything semantic in it.

    `fields` are those of records that have a default or a range, for whoever gives records as parameters.
    """

    plan: int
    edition: int
    name: str
    digest: str
    params: dict[str, Parameter]
    outputs: dict[str, TypeText]
    body: tuple[AnyNode, ...]
    returns: dict[str, Expr]
    tasks: dict[str, Task]
    types: dict[str, dict[str, TypeText]] = msgspec.field(default_factory=dict)
    fields: dict[str, dict[str, Parameter]] = msgspec.field(default_factory=dict)
    environments: dict[str, Environment] = msgspec.field(default_factory=dict)
    settings: Settings = msgspec.field(default_factory=Settings)
    policy: Policy | None = None
    handlers: dict[str, tuple[AnyNode, ...]] = msgspec.field(default_factory=dict)
    sources: tuple[Source, ...] = ()
    code: dict[str, str] = msgspec.field(default_factory=dict)
    doc: str = ""


_decoder = msgspec.json.Decoder(Plan)
_encoder = msgspec.json.Encoder(order="deterministic")


def decode_plan(data: bytes | str) -> Plan:
    """Read a plan. Raises `msgspec.ValidationError` for anything that is not one."""
    return _decoder.decode(data)


def encode_plan(plan: Plan) -> bytes:
    """Canonical bytes of a plan: same plan, same bytes."""
    return _encoder.encode(plan)
