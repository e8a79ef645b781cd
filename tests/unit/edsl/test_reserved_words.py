"""Which words of the grammar may be names: each is either refused as one, or is one wherever a name can stand."""

from __future__ import annotations

from pathlib import Path

import pytest
from econda_edsl.compiler.compile import compile_source
from econda_edsl.formatting.source import format_source
from econda_edsl.highlighting.words import grammar_words
from econda_edsl.words import prelude

SPEC = Path(__file__).parents[3] / "edsl" / "SPEC.md"
PROGRAM = """edsl 1

let @ = 3

type R:
    @: Int

task t(@: Int, m: Int) -> (@: Int):
    needs:
        memory = 1GiB * @
        where node.cpu > @
    run shell:
        true

"""
STEPS = """pipeline main(n: Int in 1..9) -> (out: Int, @: Int):
    when n > 2:
        @ = t(1, n)
        many = foreach x in [1, 2] up to n:
            s = t(@ = x, m = @.@)
            gather [@.@ + y for y in [s.@] if y > @.@]
        total = R(@ = len(many.done) * -@.@)
        out = total.@ if @.@ > 2 else @.@
    else:
        out = 2
    return out = out, @ = out
"""
LISTS = """pipeline main() -> (out: List[Int]):
    return out = [@ + 1 for @ in 1..3 if @ > 1]
"""
POLICY = """policy house:
    require offer.cost < $1 * @ because "x"
    minimize offer.cost * @
    then minimize pool.cold_start * @
"""


@pytest.mark.parametrize("word", prelude.CONTEXTUAL)
def test_a_word_that_may_be_a_name_is_one_wherever_names_stand(word: str) -> None:
    for text in (
        PROGRAM.replace("let @ = 3\n\n", "") + STEPS,
        PROGRAM.split("type R")[0] + POLICY,
        "edsl 1\n\n" + LISTS,
    ):
        source = text.replace("@", word)
        found = compile_source(source, library=True)
        assert found.ok, found.render()
        again = format_source(source.encode()).text
        assert compile_source(again, library=True).ok
        assert format_source(again.encode()).text == again


@pytest.mark.parametrize("word", sorted(prelude.RESERVED))
def test_a_word_that_cannot_be_a_name_is_refused(word: str) -> None:
    for text in (
        f"let {word} = 3\n",
        f"task t({word}: Int):\n    run python:\n        pass\n",
        f"pipeline main() -> (out: Int):\n    {word} = 3\n    return out = {word}\n",
    ):
        found = compile_source(f"edsl 1\n\n{text}", library=True)
        assert not found.ok
        assert {d.code for d in found.diagnostics} & {
            "E0207",
            "E0101",
            "E0107",
            "E0108",
            "E0102",
            "E0110",
            "E0505",
            "E0112",
            "E0119",
        }


def test_every_word_of_the_grammar_is_of_one_kind_and_the_specification_tells_which() -> None:
    assert grammar_words() <= prelude.RESERVED | set(prelude.CONTEXTUAL)
    assert not prelude.RESERVED & set(prelude.CONTEXTUAL)
    text = " ".join(SPEC.read_text().split())
    refused = text.split("cannot be bound: `")[1].split("`")[0].split()
    assert {*refused, *prelude.DECLARATIONS} == prelude.RESERVED
    assert text.split("Other words of the grammar (`")[1].split("`")[0].split() == sorted(prelude.CONTEXTUAL)
