"""Parameters of a run, from text and from typed values."""

import datetime as dt

import pytest
from econda_edsl.compiler.compile import compile_source
from econda_edsl.parameters.bind import bind_parameters
from econda_edsl.plan import Plan

ALL = """edsl 1

type Point:
    x: Int
    y: Float?
    kind: "a" | "b"

pipeline p(
    flag: Bool, count: Int in 1..10, rate: Float, name: String, share: Percent, size: Size, wait: Duration, cost: Money,
    price: Rate, speed: Bandwidth, day: Date, at: Instant, mode: "fast" | "slow", points: List[Point],
    weights: Map[String, Float], rows: Table[Point], maybe: Int?, limit: Size in 1MB..1GB = 2MB,
):
    assert count > 1
"""


@pytest.fixture(scope="module")
def plan() -> Plan:
    result = compile_source(ALL)
    assert result.plan is not None, result.render()
    return result.plan


ARTIFACT = {"$artifact": {"kind": "Table", "sha256": "00", "size": 1, "key": "k", "name": "rows"}}
TEXT = {
    "flag": "true", "count": "3", "rate": "1e-3", "name": "ann", "share": "2.5%", "size": "16GiB", "wait": "2h", "cost": "$5",
    "price": "$2/h", "speed": "1Gbps", "day": "2026-01-31", "at": "2026-01-31T12:00:00Z", "mode": "fast",
    "points": '[{"x": 1, "y": null, "kind": "a"}]', "weights": '{"w": 1}', "rows": ARTIFACT,
}  # fmt: skip
VALUES = {
    "flag": True, "count": 3, "rate": 0.001, "name": "ann", "share": 0.025, "size": 2**34, "wait": 7_200_000,
    "cost": 5_000_000, "price": 2_000_000, "speed": 10**9, "day": "2026-01-31", "at": "2026-01-31T12:00:00Z", "mode": "fast",
    "points": [{"x": 1, "y": None, "kind": "a"}], "weights": {"w": 1.0}, "rows": ARTIFACT, "maybe": None, "limit": 2_000_000,
}  # fmt: skip


def test_text_is_read_by_type(plan: Plan) -> None:
    assert bind_parameters(plan, TEXT) == (VALUES, [])


def test_typed_values_are_taken(plan: Plan) -> None:
    typed = {
        "flag": True, "count": 3, "rate": 0.001, "day": dt.date(2026, 1, 31),
        "at": dt.datetime(2026, 1, 31, 13, tzinfo=dt.timezone(dt.timedelta(hours=1))),
        "points": [{"x": 1, "kind": "a"}], "weights": {"w": 1},
    }  # fmt: skip
    assert bind_parameters(plan, {**TEXT, **typed}) == (VALUES, [])


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        ("flag", "perhaps", "`flag` must be Bool (such as true), not \"perhaps\""),
        ("count", "x", "`count` must be Int"),
        ("count", True, "`count` must be Int"),
        ("count", 2.5, "`count` must be Int"),
        ("count", 11, "`count` is 11, outside its range 1..10"),
        ("rate", "nan", "`rate` must be Float"),
        ("name", ["a"], "`name` must be String"),
        ("size", 16, "write a unit"),
        ("share", 0.025, "write a unit"),
        ("share", "0.025", "write a unit"),
        ("size", "16G", "`size` must be Size (such as 16GiB)"),
        ("limit", "2GB", "outside its range 1MB..1GB"),
        ("wait", "soon", "`wait` must be Duration (such as 2h)"),
        ("cost", "5", "`cost` must be Money (such as $5)"),
        ("day", "31.1.", "`day` must be Date"),
        ("at", "2026-01-31", "`at` must be Instant"),
        ("mode", "fsat", "did you mean `fast`?"),
        ("points", [{"x": 1, "kind": "a"}, {"x": "?", "kind": "a"}], "`points[1].x` must be Int"),
        ("points", [{"kind": "a"}], "`x` is missing"),
        ("points", [{"x": 1, "kind": "a", "z": 1}], "`z` is not a field"),
        ("points", "[1", "`,` or `]` is missing at its end"),
        ("weights", [1], "`weights` must be a Map"),
        ("rows", "s3://x", "`rows` must be a Table: a path, or an artifact"),
        ("name", None, "`name` must be String"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_explained(plan: Plan, name: str, raw: object, message: str) -> None:
    values, errors = bind_parameters(plan, {**TEXT, name: raw})
    assert len(errors) == 1
    assert message in errors[0]
    assert name not in values


def test_everything_wrong_is_said_at_once(plan: Plan) -> None:
    raw = {k: v for k, v in TEXT.items() if k not in ("flag", "rate")} | {"cuont": 3, "count": "many"}
    _, errors = bind_parameters(plan, raw)
    assert len(errors) == 4
    assert "parameter `cuont` is not known to pipeline `p`; did you mean `count`?" in errors[0]
    assert any(
        "parameter `flag` (Bool) is missing and has no default; give it a value, such as flag=true" in e for e in errors
    )


def test_deep_values_are_refused(plan: Plan) -> None:
    deep: object = 1
    for _ in range(5000):
        deep = [deep]
    assert bind_parameters(plan, {**TEXT, "points": deep})[1]
    assert bind_parameters(plan, {**TEXT, "points": "[" * 100_000})[1]
