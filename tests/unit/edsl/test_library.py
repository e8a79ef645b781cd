"""Functions of the prelude, as programs write them and as Python would answer; and what they refuse."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from econda_edsl.compiler.compile import compile_source
from econda_edsl.evaluate import Budget, EvaluationError, evaluate
from econda_edsl.evaluate.functions import FUNCTIONS
from econda_edsl.evaluate.patterns import BadPattern, compiled
from econda_edsl.words import manual, prelude
from hypothesis import given
from hypothesis import strategies as st

ROWS = '[{day: "mon", n: 3, on: true}, {day: "tue", n: 1, on: false}, {day: "mon", n: 2, on: true}]'

TRUE = [
    'split("a,b,,c", ",") == ["a", "b", "", "c"]',
    'split("  a\\t b\\n") == ["a", "b"]',
    'len(split("", ",")) == 1 and len(split("")) == 0',
    'join(["a", "b"], ", ") == "a, b" and join(["a", "b"]) == "ab" and join(split(""), "x") == ""',
    'replace("banana", "an", "") == "ba"',
    'replace("ab", "b", "bb") == "abb"',
    'strip("  a ") == "a" and strip("xxaxyx", "xy") == "a"',
    'upper("straße") == "STRASSE" and lower("ÀB") == "àb"',
    'starts_with("abc", "ab") and not starts_with("abc", "bc") and ends_with("abc", "bc")',
    'matches("run-007", "^run-[0-9]+$") and not matches("run-x", "^run-[0-9]+$") and matches("ab", "b")',
    'find("s3://team/key", "^s3://([^/]+)") == "team" and find("abc", "b.") == "bc" and find("abc", "x") == none',
    'find("xay", "(b)?a") == none',
    'format(7, width = 3, fill = "0") == "007" and format(-7, width = 4, fill = "0") == "-007"',
    'format(3.14159, digits = 2) == "3.14" and format(2, digits = 2) == "2.00" and format(0.5, digits = 0) == "0"',
    'format(12.3456%, digits = 1) == "12.3%" and format(16GiB, width = 7) == "  16GiB"',
    'format("ab", width = 4) + "|" == "ab  |" and format("abc", width = 2) == "abc"',
    'format(9223372036854775807, digits = 1) == "9223372036854775807.0"',
    'format(date("2026-01-05"), as = "%Y/%m/%d %j %G-W%V %u 100%%") == "2026/01/05 005 2026-W02 1 100%"',
    'format(instant("2026-01-05T06:07:08Z"), as = "%H:%M:%S") == "06:07:08"',
    'date(instant("2026-01-05T23:59:59Z")) == date("2026-01-05")',
    'instant(date("2026-01-05")) == instant("2026-01-05T00:00:00Z")',
    'days(date("2026-02-27"), date("2026-03-01")) == [date("2026-02-27"), date("2026-02-28"), date("2026-03-01")]',
    'len(days(date("2026-03-01"), date("2026-02-27"))) == 0',
    'truncate(date("2026-02-27"), "month") == date("2026-02-01")',
    'truncate(date("2026-03-01"), "week") == date("2026-02-23") and truncate(date("0001-01-03"), "week") == date("0001-01-01")',
    'truncate(instant("2026-02-27T13:14:15Z"), "hour") == instant("2026-02-27T13:00:00Z")',
    'truncate(instant("2026-02-27T13:14:15Z"), "year") == instant("2026-01-01T00:00:00Z")',
    "unique([3, 1, 3]) == [3, 1] and unique([true, true, false]) == [true, false]",
    f"[r.n for r in unique({ROWS}, by = .day)] == [3, 1]",
    f'[g.key for g in group_by({ROWS}, by = .day)] == ["mon", "tue"]',
    f"[[r.n for r in g.values] for g in group_by({ROWS}, by = .on)] == [[3, 2], [1]]",
    f"min({ROWS}, by = .n).n == 1 and max({ROWS}, by = .day).n == 1 and max([2, 5]) == 5 and min(2, 5) == 2",
    "[p.first * 10 + p.second for p in product([1, 2], [3, 4])] == [13, 14, 23, 24]",
    "[e.value * e.index for e in enumerate([5, 6])] == [0, 6]",
    "transpose([[1, 2], [3, 4], [5, 6]]) == [[1, 3, 5], [2, 4, 6]] and len(transpose([[1], [2]])) == 1",
    "take([1, 2, 3], 2) == [1, 2] and take([1], 5) == [1] and drop([1, 2, 3], 2) == [3] and len(drop([1], 5)) == 0",
    "chunk([1, 2, 3], 2) == [[1, 2], [3]]",
    'keys({b: 1, a: 2}) == ["a", "b"] and values({b: 1, a: 2}) == [2, 1]',
    '[e.key for e in entries({b: 1, a: 2})] == ["a", "b"]',
    'map_of(["a", "b"], [1, 2])["b"] == 2',
    'get(map_of(["a"], [1]), "a", 5) == 1 and get(map_of(["a"], [1]), "b", 5) == 5',
    "(get([4], 1) ?? 9) == 9 and (get([4], 0) ?? 9) == 4 and get([4], -1, 7) == 7",
    "7 % 3 == 1 and -7 % 3 == 2 and 7 % -3 == -2 and -7 // 2 == -4 and 7 // 2 == 3",
    "9223372036854775807 % 10 == 7 and 9223372036854775807 // 10 == 922337203685477580",
    "90min // 1h == 1 and 90min % 1h == 30min and $5 // $2 == 2 and 10GiB % 4GiB == 2GiB",
    "2 * 3 % 4 == 2 and 1 + 7 % 4 == 4 and 2 ** 3 % 3 == 2",
    "9007199254740993 + 0 == 9007199254740993 and sum([9007199254740993, 0]) == 9007199254740993",
    'int("9223372036854775807") == 9223372036854775807',
    "mean([$9007199254.740993, $9007199254.740993]) == $9007199254.740993",
    '"{20% * 2}" == "40%" and "{0.25 * 100%}" == "25%" and "{20% / 2}" == "10%"',
    "20% / 100% == 0.2 and 10GiB * 50% == 5GiB and 50% - 25% == 25% and float(20%) == 0.2",
]


def value_of(expr: str) -> object:
    """The value of a constant expression; None for a program that is refused, which is told."""
    source = f"edsl 1\n\nlet made = {expr}\n\npipeline main() -> (out: Bool):\n    return out = made\n"
    result = compile_source(source.encode())
    assert result.plan is not None, result.render()
    return result.plan.returns["out"]["lit"]


@pytest.mark.parametrize("expr", TRUE)
def test_what_programs_write(expr: str) -> None:
    assert value_of(expr) is True


def call(name: str, *args: object, budget: Budget | None = None, **options: object) -> object:
    made = {key.rstrip("_"): {"lit": each} for key, each in options.items()}
    return evaluate({"call": [name, [{"lit": each} for each in args], made]}, {}, budget)


WRONG = [
    (("split", "a", ""), "empty text"),
    (("replace", "a", "", "b"), "empty text"),
    (("replace", "a" * 1000, "a", "b" * 10_000), "longer than 1,000,000"),
    (("join", ["x"] * 3, "s" * 600_000), "longer than 1,000,000"),
    (("join", ["x", None], ""), "missing value"),
    (("upper", "ΐ" * 400_000), "longer than 1,000,000"),
    (("matches", "a", "("), "is no pattern"),
    (("matches", "a", "a" * 1_001), "longer than 1,000 characters"),
    (("matches", "a", "((a{1000}){1000})"), "is no pattern"),
    (("matches", "a" * 10_001, "a"), "more than 10,000 characters"),
    (("find", "a", r"(a)\1"), "is no pattern"),
    (("take", [1], -1), "-1 elements"),
    (("drop", [1], -1), "-1 elements"),
    (("chunk", [1], 0), "0 elements"),
    (("product", [1] * 2_000, [1] * 2_000), "longer than 1,000,000"),
    (("transpose", [[1], []]), "differ in length"),
    (("transpose", [[1] * 2_000] * 2_000), "longer than 1,000,000"),
    (("map_of", ["a"], []), "1 keys and 0 values"),
    (("map_of", ["a", "a"], [1, 2]), "twice"),
    (("min", []), "empty list"),
    (("max", [{"a": None}], {"by": "a"}), "missing value"),
    (("group_by", [{"a": None}], {"by": "a"}), "missing value"),
    (("unique", [[1], [1]]), "cannot evaluate"),
    (("days", "0001-01-01", "9999-12-31"), "longer than 1,000,000"),
    (("truncate", "2026-01-01", "fortnight"), "fortnight"),
    (("format", 1, "Int", {"width": -1}), "`width`"),
    (("format", 1, "Int", {"fill": "ab"}), "one character"),
    (("format", 1.0, "Float", {"digits": 101}), "`digits`"),
    (("format", "x", "String", {"digits": 1}), "of numbers"),
    (("format", "2026-01-01", "Date", {"as": "%H"}), "no hours"),
    (("format", "2026-01-01", "Date", {"as": "50%"}), "no part `%`"),
    (("int", "0" * 41), "not a whole number"),
    (("int", "9223372036854775808"), "beyond 64 bits"),
    (("abs", -(2**63)), "beyond 64 bits"),
    (("mean_whole", []), "empty list"),
]


@pytest.mark.parametrize(("wrong", "said"), WRONG, ids=lambda each: str(each)[:30])
def test_what_is_refused(wrong: tuple[object, ...], said: str) -> None:
    name, *args = wrong
    options = args.pop() if isinstance(args[-1], dict) else {}
    with pytest.raises(EvaluationError, match=re.escape(said)):
        call(str(name), *args, **options)


def test_every_function_has_a_type_a_page_and_a_value() -> None:
    from econda_edsl.compiler.types.signatures import SIGNATURES

    assert set(SIGNATURES) == set(prelude.FUNCTIONS)
    assert set(prelude.FUNCTIONS) | set(prelude.FILES) == set(manual.FUNCTIONS)
    assert set(prelude.FUNCTIONS) - {"str"} <= set(FUNCTIONS)
    assert {key for f in prelude.FUNCTIONS.values() for key in f.named} == {*prelude.OPTIONS, "by"}


@pytest.mark.parametrize(("form", "a", "b"), [("add", 2**62, 2**62), ("sub", -(2**63), 1), ("mul", 2**32, 2**32),
                                              ("floor_div", -(2**63), -1), ("pow", 2, 63), ("div", 1, 0),
                                              ("mod", 1, 0), ("floor_div", 1, 0)])  # fmt: skip
def test_what_whole_numbers_cannot_hold_is_an_error(form: str, a: int, b: int) -> None:
    with pytest.raises(EvaluationError):
        evaluate({form: [{"lit": a}, {"lit": b}]}, {})


WHOLE = st.integers(-(2**63), 2**63 - 1)


@given(WHOLE, WHOLE)
def test_whole_numbers_are_exact_or_refused(a: int, b: int) -> None:
    for form, exact in {
        "add": a + b,
        "sub": a - b,
        "mul": a * b,
        **({"mod": a % b, "floor_div": a // b} if b else {}),
    }.items():
        try:
            found = evaluate({form: [{"lit": a}, {"lit": b}]}, {})
        except EvaluationError:
            assert not -(2**63) <= exact < 2**63
        else:
            assert found == exact
            assert isinstance(found, int)


@given(st.text(), st.text(min_size=1, max_size=3), st.text(max_size=3))
def test_text_is_as_in_python(text: str, part: str, other: str) -> None:
    assert call("split", text, part) == text.split(part)
    assert call("split", text) == text.split()
    assert call("join", call("split", text, part), part) == text
    assert call("replace", text, part, other) == text.replace(part, other)
    assert call("strip", text) == text.strip()
    assert call("upper", text) == text.upper()
    assert call("starts_with", text, part) == text.startswith(part)
    assert call("ends_with", text, other) == text.endswith(other)


@given(st.text(st.characters(codec="utf-8"), max_size=40), st.text("ab01é-", min_size=1, max_size=6))
def test_literal_patterns_are_found_where_python_finds_them(text: str, part: str) -> None:
    for where in (text, text + part, part + text):
        assert call("matches", where, part) == bool(re.search(re.escape(part), where))
        assert call("find", where, f"({part})") == (part if part in where else None)


@given(st.lists(st.integers(0, 9)), st.integers(1, 5))
def test_lists_are_as_in_python(items: list[int], size: int) -> None:
    assert call("unique", items) == list(dict.fromkeys(items))
    assert call("take", items, size) == items[:size]
    assert call("drop", items, size) == items[size:]
    assert [each for part in call("chunk", items, size) for each in part] == items  # type: ignore[union-attr]
    groups = call("group_by", [{"k": each} for each in items], by="k")
    assert [g["key"] for g in groups] == list(dict.fromkeys(items))  # type: ignore[union-attr]
    assert sum(len(g["values"]) for g in groups) == len(items)  # type: ignore[union-attr]


@given(st.datetimes(min_value=dt.datetime(1000, 1, 1)), st.sampled_from("YymdjGVuHMS"))
def test_times_are_as_in_python(when: dt.datetime, part: str) -> None:
    text = when.replace(microsecond=0).isoformat() + "Z"
    assert call("format", text, "Instant", as_=f"%{part}") == when.strftime(f"%{part}")


@given(
    st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=4), st.integers(0, 6)
)
def test_digits_are_as_in_python(number: object, digits: int) -> None:
    value = float(number)  # type: ignore[arg-type]
    assert call("format", value, "Float", digits=digits) == f"{value:.{digits}f}"


def test_work_is_charged() -> None:
    """A program that does much in few words is stopped, whichever function does it."""
    rows = {"call": ["range", [{"lit": 1_000}], {}]}
    for name, args in {
        "matches": ["ab" * 4_000, "(a|b)*c"],
        "upper": ["a" * 1_000_000],
        "values": [{str(i): i for i in range(10_000)}],
        "transpose": [[[1] * 10_000]],
        "product": [[1] * 1_000, [1] * 100],
    }.items():
        loop = {"comp": {"var": "i", "in": rows, "of": {"call": [name, [{"lit": each} for each in args], {}]}}}
        with pytest.raises(EvaluationError, match="too many elements"):
            evaluate(loop, {}, Budget(1_000_000))


@pytest.mark.parametrize("pattern", [r"(a*)*b", r"(x+x+)+y", r"(a|a)*$", r"(.*)(.*)(.*)(.*)[0-9]{100}z"])
def test_patterns_that_python_never_ends_with_end(pattern: str) -> None:
    assert call("matches", "a" * 5_000 + "!", pattern) is False or pattern == r"(a|a)*$"


def test_every_pattern_that_is_read_is_charged_also_for_no_text() -> None:
    pattern = {"format": [{"show": [{"var": "i"}, "Int"]}, {"lit": "a{1000}"}]}
    of = {"call": ["matches", [{"lit": ""}, pattern], {}]}
    rows = {"call": ["range", [{"lit": 10_000}], {}]}
    with pytest.raises(EvaluationError, match="too many elements"):
        evaluate({"comp": {"var": "i", "in": rows, "of": of}}, {}, Budget(100_000))


def test_patterns_beyond_regular_ones_are_refused() -> None:
    for pattern in (r"(?=a)", r"(?<!a)b", r"(a)\1", r"a++", "[", "*"):
        with pytest.raises(BadPattern):
            compiled(pattern)


NAMES = {"$artifact": {"kind": "File", "name": "in.tar.gz", "size": 3}}


@pytest.mark.parametrize(("name", "stem", "suffix"), [("in.tar.gz", "in.tar", ".gz"), ("a", "a", ""), (".env", ".env", ""),
                                                      ("x.", "x.", ""), ("é.txt", "é", ".txt"), ("", "", "")])  # fmt: skip
def test_names_of_files(name: str, stem: str, suffix: str) -> None:
    file = {"lit": {"$artifact": {"kind": "File", "name": name}}}
    parts = [evaluate({"named": [file, part]}, {}) for part in ("name", "stem", "suffix")]
    assert parts == [name, stem, suffix]
    assert evaluate({"opt_named": [{"lit": None}, "name"]}, {}) is None
    with pytest.raises(EvaluationError, match="missing value"):
        evaluate({"named": [{"lit": None}, "name"]}, {})


OWN = """edsl 1

task {name}(text: String) -> (out: String):
    run python:
        out = text

pipeline main(text: String) -> (out: String):
    {bound} = {name}(text)
    return out = {bound}.out
"""


@pytest.mark.parametrize("name", sorted(prelude.FUNCTIONS))
def test_names_of_functions_stay_free_for_tasks_and_steps(name: str) -> None:
    result = compile_source(OWN.format(name=name, bound=name).encode())
    assert result.plan is not None, result.render()
    assert result.plan.body[0].task == name  # type: ignore[union-attr]


@pytest.mark.parametrize("name", sorted(prelude.FUNCTIONS))
def test_a_function_of_the_program_is_meant_by_its_name(name: str) -> None:
    source = f"""edsl 1

let {name}(x: Int, by: Int = 2): Int = x + by

pipeline main(n: Int, k: Int) -> (out: Int):
    return out = {name}(n, by = k) * {name}(n)
"""
    result = compile_source(source.encode())
    assert result.plan is not None, result.render()
    assert "call" not in str(result.plan.returns)


@pytest.mark.parametrize("kind", ["Model", "Metrics", "Table"])
def test_a_file_is_what_a_model_table_or_metrics_are(kind: str) -> None:
    source = f"""edsl 1

task look(file: File, all: List[File]):
    run shell:
        cat $file

pipeline main(given: {kind}, maybe: {kind}?):
    look(given, [given])
    when maybe != none:
        look(maybe, all = [maybe, given])
"""
    assert compile_source(source.encode()).plan is not None
    back = source.replace("file: File", "file: Model").replace(f"given: {kind}", "given: File")
    assert compile_source(back.encode()).plan is None
