"""Every code has a page, and what the pages claim is what the compiler does."""

import re
from pathlib import Path

import pytest
from econda_edsl.compiler.compile import compile_source
from econda_edsl.diagnostics.pages import UnknownCode, catalogue, codes, page, read_page
from econda_edsl.formatting.source import format_source

from econda_cloud.cli.language.foreign_code import with_foreign_code

ROOT = Path(__file__).parent.parent.parent
SOURCES = sorted((ROOT / "edsl" / "econda_edsl").rglob("*.py"))


def test_every_code_in_the_source_has_a_page_and_the_reverse() -> None:
    raised = {code for path in SOURCES for code in re.findall(r'"(E\d{4})"', path.read_text())}
    assert len(raised) > 50
    assert raised == set(codes())


@pytest.mark.parametrize("code", codes())
def test_the_bad_example_has_this_error_and_no_other(code: str) -> None:
    bad = page(code).bad
    result = with_foreign_code(compile_source(bad.source, files=bad.files))
    assert {d.code for d in result.diagnostics} == {code}, result.render()


@pytest.mark.parametrize("code", codes())
def test_the_good_example_compiles_and_is_in_the_one_style(code: str) -> None:
    good = page(code).good
    result = compile_source(good.source, files=good.files)
    assert result.plan is not None, result.render()
    assert format_source(good.source).text == good.source.decode()


def test_a_page_says_more_than_its_title() -> None:
    for code in codes():
        text = page(code).markdown.partition("## Bad")[0]
        assert len(text.split()) > 15, code
        assert page(code).code == code


def test_unknown_codes_and_broken_pages() -> None:
    assert page("e0401").code == "E0401"
    with pytest.raises(UnknownCode, match="E0401"):
        page("E041")
    with pytest.raises(ValueError, match="a title"):
        read_page("# E0401: cycle\n")
    with pytest.raises(ValueError, match="block of `edsl`"):
        read_page("# E0401: cycle\n\nWhy.\n\n## Bad\n\n## Good\n")


def test_the_document_is_what_the_command_writes() -> None:
    assert (ROOT / "docs" / "language" / "errors.md").read_text() == catalogue()
