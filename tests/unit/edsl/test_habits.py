"""What people bring from other languages, and what they are told to write instead; what they are told is right."""

import pytest
from econda_edsl.compiler.compile import compile_source
from econda_edsl.evaluate.quantities import READERS
from econda_edsl.words.other_languages import (
    CALLS,
    SETTINGS,
    SHAPES,
    TYPES,
    UNITS,
    setting_help,
    type_help,
    type_in_edsl,
)

INPUTS = [
    ("x: int", "use `Int`"),
    ("x: str = 3", "use `String`"),
    ("x: List[str]", "write `List[String]`"),
    ("x: list[str]", "write `List[String]`"),
    ("x: dict[str, int]", "write `Map[String, Int]`"),
    ("x: Optional[int]", "write `Int?`"),
    ("x: int | None", "write `Int?`"),
    ("x: dict[str, Optional[float]]", "write `Map[String, Float?]`"),
    ("a: Int, x: path, b: Int", "use `File`"),
    ("x: int in 1..3", "use `Int`"),
    ("x: tuple[int, str]", "declare a record"),
    ("x: enum", "write the choices"),
    ("x: foo", "types begin with a capital letter"),
    ("x: Integer", "use `Int`"),
    ("x: Dict[String, Int]", "use `Map`"),
    ("x: DataFrame", "use `Table`"),
    ("x: Optional[Int]", "write `T?`"),
    ("x: ml.str", "use `String`"),
    ("x", "write `x: Int`"),
    ("str x", "write `x: String`"),
]
RESULTS = [
    ("-> int", "write `-> (result: Int)`"),
    ("-> List[str]", "write `-> (result: List[String])`"),
    ("-> Float", "write `-> (result: Float)`"),
    ("-> None", "leave `->` out"),
    ("-> (y: str)", "use `String`"),
]
STEPS = [
    ("a = f(x: 3)", "write `x = 3`"),
    ("a = f(3, timeout = 3h)", "settings of a step follow its call: `x = f(…) with timeout = …`"),
    ("a = f(3, retries = 3)", "write `retry = exponential(attempts = 4)`"),
    ("a = f(3) with mem = 3GiB", "write `memory = 4GiB`"),
    ("a = f(3) with retries = 3", "write `retry = exponential(attempts = 4)`"),
    ("return a.y", "write `return y = a.y`"),
    ("return", "write `return y = value`"),
    ("a := f(3)", "write `a = f(3)`"),
    ("a: Int = 3", "write `a = 3`"),
    ("a, b = f(3)", "read its outputs as `x.a`"),
    ("let a = f(3)", "`let` stands at the left margin"),
    ("a = await f(3)", "leave `await` out"),
    ("raise 'no'", 'write `fail "why"`'),
    ("print(3)", "print in the code of a task"),
    ("a = [f(i) for i in [1, 2]]", "call it in a loop"),
    ('a = f("3")', "write it without quotes: `3`"),
    ("import json", "imports stand at the left margin of the file"),
    ("for i in [1]:\n        f(i)", "use `foreach"),
]
IMPORTS = [
    ("import econda/ml as ml", 'write `import "econda/ml" as ml`'),
    ("import econda.ml as ml", 'write `import "econda/ml" as ml`'),
    ("import lib", 'write `import "./lib.edsl" as lib`'),
    ("import numpy as np", 'with `packages = ["numpy"]` in the task'),
    ("from numpy import array", "`from numpy import array` below `run python:`"),
    ("import a.b", 'write `import "./a/b.edsl" as b`'),
    ("from lib import g, h", 'write `from "./lib.edsl" import g, h`'),
    ("from ./lib.edsl import g", 'write `from "./lib.edsl" import g`'),
    ('import "./my-lib.edsl"', 'write `import "./my-lib.edsl" as my_lib`'),
]
TASKS = [
    ("retries = 3", "write `retry = exponential(attempts = 4)`"),
    ("cpus = 4", "write `cpu = 4` in the `needs:` block"),
    ("docker = 3", 'write `image = "name:tag"`'),
    ('timeout = "3h"', "write it without quotes: `3h`"),
    ('packages = "numpy"', "write a list, also of one"),
    ("needs = 3", "write `needs:`"),
    ("resources:\n        cpu = 3", "write `needs:`"),
]


UNITS_MEANT = [
    ("timeout = 30m", "write `30min`"),
    ("timeout = 1.5 hours", "write `1.5h`"),
    ("needs:\n        memory = 512m", "write `512MB`"),
    ("needs:\n        memory = 16 Gib", "write `16GiB`"),
    ("checkpoint = every(90secs)", "write `90s`"),
    ('timeout = "90 minutes"', "write `90min`, without quotes"),
    ('needs:\n        memory = "4G"', "write `4GB`, without quotes"),
]


def helps(source: str) -> str:
    return "\n".join(d.help for d in compile_source(source).diagnostics)


@pytest.mark.parametrize(("inputs", "help_"), INPUTS)
def test_inputs(inputs: str, help_: str) -> None:
    assert help_ in helps(
        f"edsl 1\n\ntask f({inputs}) -> (y: Int):\n    run shell:\n        true\n\npipeline main():\n    f(1)\n"
    )


@pytest.mark.parametrize(("result", "help_"), RESULTS)
def test_results(result: str, help_: str) -> None:
    assert help_ in helps(
        f"edsl 1\n\ntask f(x: Int) {result}:\n    run shell:\n        true\n\npipeline main():\n    f(1)\n"
    )


@pytest.mark.parametrize(("step", "help_"), STEPS)
def test_steps(step: str, help_: str) -> None:
    task = "task f(x: Int) -> (y: Int):\n    run shell:\n        true\n"
    assert help_ in helps(f"edsl 1\n\n{task}\npipeline main() -> (y: Int):\n    {step}\n")


@pytest.mark.parametrize(("line", "help_"), IMPORTS)
def test_imports(line: str, help_: str) -> None:
    assert help_ in helps(f"edsl 1\n\n{line}\n\npipeline main():\n    assert true\n")


@pytest.mark.parametrize(("line", "help_"), TASKS)
def test_settings(line: str, help_: str) -> None:
    assert help_ in helps(
        f"edsl 1\n\ntask f(x: Int):\n    {line}\n    run shell:\n        true\n\npipeline main():\n    f(1)\n"
    )


@pytest.mark.parametrize("name", [*TYPES, *SHAPES])
def test_every_type_of_another_language_is_told_what_it_is_here(name: str) -> None:
    assert type_help(name)
    kind = TYPES.get(name)
    shape = {"List": "List[Int]", "Map": "Map[String, Int]"}.get(str(kind), kind)
    if kind is not None:
        assert compile_source(f"edsl 1\n\npipeline main(x: {shape}):\n    assert true\n").ok


@pytest.mark.parametrize("name", SETTINGS)
def test_what_is_told_to_write_for_a_setting_is_right(name: str) -> None:
    said = setting_help(name).split("`")[1]
    if said in ("parallel = 10", "tolerate = 5%"):
        source = f"    foreach i in [1, 2] with {said}:\n        f(i)\n"
        text = f"edsl 1\n\ntask f(x: Int):\n    run shell:\n        true\n\npipeline main():\n{source}"
    else:
        needs = said.split(" ")[0] in ("cpu", "memory", "gpu", "disk", "time")
        setting = f"    needs:\n        {said}\n" if needs else "" if said == "needs:" else f"    {said}\n"
        text = f"edsl 1\n\ntask f(x: Int):\n{setting}    run shell:\n        true\n\npipeline main():\n    f(1)\n"
    assert compile_source(text).ok, compile_source(text).render()


def test_no_function_of_edsl_is_called_foreign() -> None:
    from econda_edsl.words import prelude

    assert not {*CALLS} & {*prelude.FUNCTIONS, *prelude.FILES}


@pytest.mark.parametrize("written", ["Int", "List[Foo]", "foo", ""])
def test_what_cannot_be_told_is_not(written: str) -> None:
    assert type_in_edsl(written) in ("", written)


@pytest.mark.parametrize(("line", "help_"), UNITS_MEANT)
def test_a_unit_of_others_is_told_as_ours(line: str, help_: str) -> None:
    said = helps(f"edsl 1\n\ntask t() -> (y: Int):\n    {line}\n    run python:\n        y = 1\n")
    assert help_ in said


@pytest.mark.parametrize("kind", UNITS)
def test_what_a_unit_of_others_becomes_is_a_unit(kind: str) -> None:
    for theirs, ours in UNITS[kind].items():
        READERS[kind](f"3{ours}")
        with pytest.raises(ValueError, match=theirs):
            READERS[kind](f"3{theirs}")
