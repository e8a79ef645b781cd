"""The manual and the checker agree: what is documented compiles as it is written, and what the checker knows is documented."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from econda_edsl.compiler.check.policies import SETTINGS as POLICY_SETTINGS
from econda_edsl.compiler.compile import Compilation, compile_source
from econda_edsl.compiler.resolve.declare import _GENERIC
from econda_edsl.compiler.types import model as t
from econda_edsl.evaluate import quantities
from econda_edsl.highlighting.words import grammar_words
from econda_edsl.words import drivers, manual, prelude
from econda_edsl.words.manual_attributes import ATTRIBUTES, HANDLERS, LANGUAGES, RESOURCES

SAMPLES = {"Int": "3", "Float": "1.5", "String": '"a"', "Bool": "true", "Size": "1GiB", "Duration": "30min", "Money": "$5",
           "Rate": "$2/h", "Percent": "5%", "Date": 'date("2026-01-31")'}  # fmt: skip
STANDING_FOR = {"[KIND, …]": "[A100, H100]", "[FAILURE, …]": "[failed, lost]", "[NAME, …]": "[house]", "INPUT": "x",
                ", …": ""}  # fmt: skip
KNOWN = {"needs": prelude.NEEDS, "task": prelude.TASK, "step": prelude.STEP, "foreach": prelude.FOREACH, "called pipeline": prelude.CALLED,
         "pipeline": prelude.PIPELINE, "policy": POLICY_SETTINGS}  # fmt: skip
BODY = "    run python:\n        y = x\n"
F = f"task f(x: Int = 1) -> (y: Int):\n{BODY}\n"
HOUSE = "policy house:\n    minimize offer.cost\n\n"
PLACES = {
    "needs": f"task t(x: Int) -> (y: Int):\n    needs:\n        @\n{BODY}",
    "task": f"task t(x: Int) -> (y: Int):\n    @\n{BODY}",
    "step": f"{F}pipeline main(x: Int = 1):\n    f(x) with @\n",
    "foreach": f"{F}pipeline main(x: Int = 1):\n    foreach i in 1..3 with @:\n        f(i)\n",
    "called pipeline": f"{F}pipeline inner():\n    f(1)\n\npipeline main():\n    inner() with @\n",
    "pipeline": f"{F}{HOUSE}pipeline main(x: Int = 1) -> (y: Int):\n    with:\n        @\n    a = f(x)\n    return y = a.y\n",
    "policy": "policy p:\n    minimize offer.cost\n    @\n",
}
ARGS = 'task t(rate: Int):\n    @\n    run container "name:tag"\n'


def compiled(text: str) -> Compilation:
    return compile_source(
        f"edsl 1\n\n{text}", library=True, files={"train.csv": b"", "days/a.csv": b"", "images/a.png": b""}
    )


def accepts(text: str) -> bool:
    found = compiled(text)
    assert found.ok, found.render()
    return True


def alternatives(form: str) -> Iterator[str]:
    """`name = A or B` as code: `name = a`, `name = b`, with a value for each type."""
    name, _, right = form.partition(" = ")
    for each in right.split(" or "):
        for stands, meant in STANDING_FOR.items():
            each = each.replace(stands, meant)
        each = "house" if each == "NAME" else each
        yield f"{name} = " + re.sub(
            r"\b[A-Z][a-z]+\b(?![^\"]*\"[^\"]*$)", lambda found: SAMPLES.get(found[0], found[0]), each
        )


FORMS = [
    (place, name, code)
    for place, entries in manual.SETTINGS.items()
    for name, entry in entries.items()
    for code in alternatives(entry.form)
]


@pytest.mark.parametrize(("place", "name", "code"), FORMS)
def test_a_setting_is_accepted_as_its_form_says_and_otherwise_not(place: str, name: str, code: str) -> None:
    text = ARGS if name == "args" else PLACES[place]
    assert code.startswith(f"{name} = ")
    assert accepts(text.replace("@", code))
    assert not compiled(text.replace("@", f"{name} = {{odd: 1..2}}")).ok


@pytest.mark.parametrize("place", KNOWN)
def test_the_settings_of_the_manual_are_those_of_the_checker(place: str) -> None:
    assert set(manual.SETTINGS[place]) == set(KNOWN[place])
    assert set(manual.SETTINGS) == set(KNOWN)
    said = compiled(PLACES[place].replace("@", "zzzzzz = 3")).diagnostics[0]
    assert said.code == "E0204"
    listed = set(re.findall(r"`(\w+)`", said.help))
    assert set(KNOWN[place]) <= listed if place != "called pipeline" else set(KNOWN[place]) == listed


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, entries in manual.RETRY.items() for name in entries])
def test_an_argument_of_retry_is_accepted_as_its_form_says(kind: str, name: str) -> None:
    needed = {"attempts": "attempts = 2", **({"wait": "wait = 1s"} if kind == "linear" else {})}
    first = ", ".join(needed.values())
    for code in alternatives(manual.RETRY[kind][name].form):
        given = ", ".join({**needed, name: code}.values())
        assert accepts(PLACES["task"].replace("@", f"retry = {kind}({given})"))
        odd = ", ".join({**needed, name: f"{name} = {{odd: 1}}"}.values())
        assert not compiled(PLACES["task"].replace("@", f"retry = {kind}({odd})")).ok
    unknown = compiled(PLACES["task"].replace("@", f"retry = {kind}({first}, zzzzzz = 1)")).diagnostics[0]
    assert set(re.findall(r"`(\w+) = …`", unknown.help)) == set(manual.RETRY[kind])


@pytest.mark.parametrize("failure", manual.FAILURES)
def test_a_kind_of_failure_is_accepted(failure: str) -> None:
    assert accepts(PLACES["task"].replace("@", f"retry = linear(attempts = 2, wait = 1s, on = [{failure}])"))
    assert set(manual.FAILURES) == set(prelude.FAILURES)


KINDS = {"List": "List[Int]", "Map": "Map[String, Int]", "T": "Int", "List[T]": "List[Int]", "List[List[T]]": "List[List[Int]]",
         "List[{first, second}]": "List[Pair]", "List[{key, values}]": "List[Group]", "List[{index, value}]": "List[Place]",
         "List[{key, value}]": "List[Named]"}  # fmt: skip


def calls_of(form: str) -> Iterator[tuple[list[str], str, str, str]]:
    """Each form of a function as the types of what is given, the call of `a`, `b`, …, and the types of results."""
    for each in re.split(r" or (?=\w+\()", form):
        found = re.fullmatch(r"(\w+)\((.*)\) -> (.+)", each)
        assert found, each
        parameters = [part for part in re.split(r', (?=\w+ = |\w+: |…|")', found[2]) if part and part != "…"]
        of_records = "by = .field" in found[2]
        kinds: list[list[str]] = []
        words: list[str] = []
        for part in parameters:
            if " = " in part:
                words.append(
                    part.replace("Bool", "true")
                    .replace("Int", "3")
                    .replace("String", '"%Y"' if "as" in part else '"x"')
                )
            elif part.startswith('"'):
                words.append(part)
            else:
                name, _, of = part.partition(": ")
                words.append(f"in_{name}")
                kinds.append([f"in_{name}: {KINDS.get(k, k)}" for k in of.split(" | ")])
        result = KINDS.get(found[3], found[3])
        for choice in range(max((len(k) for k in kinds), default=1)):
            inputs = ", ".join(k[choice % len(k)] for k in kinds)
            made = result
            if of_records:
                inputs, made = inputs.replace("List[Int]", "List[Row]"), made.replace("Int", "Row")
            yield [inputs], f"{found[1]}({', '.join(words)})", made, found[1]


@pytest.mark.parametrize("name", manual.FUNCTIONS)
def test_a_function_takes_and_gives_what_its_form_says(name: str) -> None:
    types = (
        "type Pair:\n    first: Int\n    second: Int\n\ntype Row:\n    field: Int\n\ntype Group:\n    key: Int\n    values: List[Row]\n\n"
        "type Place:\n    index: Int\n    value: Int\n\ntype Named:\n    key: String\n    value: Int\n\n"
    )
    for (inputs,), call, result, called in calls_of(manual.FUNCTIONS[name].form):
        assert called == name
        if name in prelude.FILES:
            assert accepts(f"{types}pipeline main(x: {result} = {call}) -> (y: {result}):\n    return y = x\n")
        else:
            assert accepts(f"{types}pipeline main({inputs}) -> (y: {result}):\n    return y = {call}\n")
            assert not compiled(f"{types}pipeline main({inputs}) -> (y: Dir):\n    return y = {call}\n").ok


def test_the_functions_of_the_manual_are_those_of_the_checker() -> None:
    assert {*prelude.FUNCTIONS, *prelude.FILES} == set(manual.FUNCTIONS)


@pytest.mark.parametrize("name", manual.TYPES)
def test_a_type_is_accepted(name: str) -> None:
    kind = KINDS.get(name, name)
    assert accepts(f"task t(x: {kind}) -> (y: {kind}):\n    run shell:\n        true\n")


def test_the_types_of_the_manual_are_those_of_the_checker() -> None:
    assert {*t.PLAIN, *_GENERIC} == set(manual.TYPES)


@pytest.mark.parametrize(("kind", "unit"), [(kind, unit) for kind, units in manual.UNITS.items() for unit in units])
def test_a_unit_is_accepted(kind: str, unit: str) -> None:
    assert accepts(f"let x: {kind} = {f'$3/{unit}' if kind == 'Rate' else f'3{unit}'}\n")


def test_the_units_of_the_manual_are_those_of_the_checker() -> None:
    known = {"Size": quantities.SIZES, "Duration": quantities.DURATIONS, "Bandwidth": quantities.BANDWIDTHS}
    assert {kind: set(units) for kind, units in manual.UNITS.items() if kind != "Rate"} == {
        k: set(v) for k, v in known.items()
    }
    for unit in quantities.DURATIONS:
        assert compiled(f"let x: Rate = $3/{unit}\n").ok == (unit in manual.UNITS["Rate"])


KNOWN_ATTRIBUTES = {"node": prelude.NODE_ATTRIBUTES, "run": prelude.HANDLER_ATTRIBUTES, **prelude.POLICY_ENTITIES}
OWNED = [(owner, name) for owner, names in ATTRIBUTES.items() for name in names]


@pytest.mark.parametrize(("owner", "name"), OWNED)
def test_an_attribute_is_accepted(owner: str, name: str) -> None:
    held = f"{owner}.{name}"
    if owner == "run":
        place = f'{F}pipeline main():\n    f(1)\n    on failure:\n        assert str({held}) != ""\n'
    elif owner == "node":
        place = (
            PLACES["needs"].replace("@", f"where {held} != none and [{held}] == [{held}]")
            if name == "gpu_kind"
            else PLACES["needs"].replace("@", f'where str({held}) != "a"')
        )
    else:
        test = (
            f'{held}.a != "b"'
            if name in ("labels", "tags")
            else f"{held} != none"
            if name in ("checkpoint", "deadline")
            else f'str({held}) != "a"'
        )
        place = PLACES["policy"].replace("@", f"require {test}")
    assert accepts(place)
    assert not compiled(place.replace(held, f"{held}_")).ok


def test_the_attributes_of_the_manual_are_those_of_the_checker() -> None:
    assert {owner: set(names) for owner, names in ATTRIBUTES.items()} == {
        k: set(v) for k, v in KNOWN_ATTRIBUTES.items()
    }


@pytest.mark.parametrize("name", HANDLERS)
def test_a_handler_is_accepted(name: str) -> None:
    assert accepts(f"{F}pipeline main():\n    f(1)\n    on {name}:\n        f(2)\n")
    assert set(HANDLERS) == set(prelude.HANDLERS)


@pytest.mark.parametrize("name", LANGUAGES)
def test_a_language_is_accepted(name: str) -> None:
    code = ' "name:tag"\n' if name == "container" else ":\n        y = 1\n"
    assert accepts(f"task t():\n    run {name}{code}")


def test_the_settings_of_drivers_in_the_manual_are_those_of_the_checker() -> None:
    for kind, of in drivers.DRIVERS.items():
        known = {name for driver in of for name in drivers.settings_of(kind, driver)}
        assert set(RESOURCES[kind]) == known, kind
    assert set(RESOURCES) == set(drivers.DRIVERS)


def test_the_words_of_the_grammar_are_in_the_manual() -> None:
    assert grammar_words() <= {*manual.KEYWORDS}
    assert {*manual.KEYWORDS} <= {*grammar_words(), *prelude.DECLARATIONS}
