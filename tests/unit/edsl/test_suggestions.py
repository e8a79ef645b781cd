"""Suggestions: their work is bounded in each phase, and the bound takes none where names are few."""

from econda_edsl.compiler.compile import compile_source
from econda_edsl.diagnostics.spelling import FEW, bounded, nearest

MANY = 400
FLOOD = "edsl 1\n\n" + "".join(f"let a{i} = b{i}\n" for i in range(MANY))
"""More unknown names among more names than the bound allows for."""
WIDE = "type Wide:\n" + "".join(f"    column{i}: Int = 0\n" for i in range(FEW + 1)) + "\n"
PIPELINE = "pipeline p(a: Int) -> (x: Int):\n"


def helps(text: str, code: str) -> list[str]:
    return [d.help for d in compile_source(text).diagnostics if d.code == code]


def test_a_flood_of_unknown_names_ends_without_suggestions() -> None:
    found = helps(FLOOD, "E0201")
    assert found[0] == "did you mean `a0`?"
    assert found[-1] == ""


def test_what_one_phase_spent_no_other_lacks() -> None:
    step = "    w = Wide(colum7 = a)\n    return x = w.column1\n"
    assert helps(FLOOD + WIDE + PIPELINE + step, "E0302") == ["did you mean `column7`?"]


def test_a_few_names_are_looked_at_whatever_was_before() -> None:
    step = "    w = Wid()\n    return x = w.column1\n"
    assert helps(FLOOD + WIDE + PIPELINE + step, "E0206") == ["did you mean `Wide`?"]


def test_few_are_as_many_as_it_says() -> None:
    few = [f"name{i}" for i in range(FEW)]
    with bounded():
        for _ in range(2_000):
            nearest("name", [*few, "more"])
        assert nearest("name", [*few, "more"]) is None
        assert nearest("name", few) is not None
    assert nearest("name", [*few, "more"]) is not None
