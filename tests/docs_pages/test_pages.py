"""Pages of `econda docs`: what a file says of itself, nothing lost on the way to Markdown and HTML."""

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from econda_edsl.documenting.html import to_html
from econda_edsl.documenting.pages import NotDocumented, file_page
from typer.testing import CliRunner

from econda_cloud.cli.commands import app

ROOT = Path(__file__).parents[2]
TEXT = '''edsl 1

## Fits, for a test.

let limit = 16GiB          ## what a machine has

## One | trial.
type Trial:
    auc: Float             ## area under the curve

## Above a one-line signature.
task fit(rows: Table, wait: Duration = 30s, mode: "a" | "b" = "a") -> (auc: Float):
    """Fit **one** model.

    # With a heading
    """
    needs:
        memory = limit * attempt
        where node.arch == "x86_64"
    retry = exponential(
        attempts = 3,  # enough
        first = 1s,
    )
    run python:
        auc = 1.0

pipeline main(
    rows: Table,           ## allow: missing-time - no
    deep: Int in 1..64 = 6,  ## how deep <b>it</b> goes
) -> (best: Float):
    """Try it."""
    with:
        budget = $5
    one = fit(rows)
    return best = one.auc
'''


def test_a_page_says_what_the_file_says() -> None:
    page = file_page(TEXT, "folder/fits.edsl", "fits", {})
    text = page.markdown
    assert (page.title, page.summary) == ("fits.edsl", "Fits, for a test.")
    assert '| `mode` | `"a" \\| "b"` |  | `"a"` |' in text
    assert "| `wait` | `Duration` | milliseconds | `30s` |" in text
    assert "| `deep` | `Int` | `1..64` | `6` | how deep <b>it</b> goes |" in text
    assert "### With a heading" in text
    assert "- memory: `limit * attempt`" in text
    assert '- where: `node.arch == "x86_64"`' in text
    assert "- retry: `exponential( attempts = 3, first = 1s, )`" in text
    assert "| `limit` | `16GiB` | what a machine has |" in text
    assert "One | trial." in text
    assert "allow:" not in text
    assert "Calls [fit](#task-fit)." in text
    assert text.count("Above a one-line signature.") == 1
    assert list(page.pictures) == ["fits-main.svg"]
    assert ElementTree.fromstring(page.pictures["fits-main.svg"]).tag.endswith("svg")


def test_a_file_with_errors_has_no_page() -> None:
    with pytest.raises(NotDocumented) as caught:
        file_page(TEXT.replace("one.auc", "one.area"), "fits.edsl", "fits", {})
    assert [d.code for d in caught.value.diagnostics] == ["E0202"]


class _Checker(HTMLParser):
    """What a page links to, its anchors and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.text = ""
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.links.append(value)
            if name == "id" and value:
                self.ids.add(value)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_in_a_doc_is_shown_not_obeyed() -> None:
    found = _Checker()
    found.feed(to_html(file_page(TEXT, "fits.edsl", "fits", {}).markdown, "fits.edsl"))
    assert "how deep <b>it</b> goes" in found.text
    assert "b" not in found.tags
    assert "#task-fit" in found.links
    assert "task-fit" in found.ids
    assert '"a" | "b"' in found.text


def test_code_in_a_doc_is_coloured() -> None:
    assert '<span class="kd">task</span>' in to_html("```edsl\ntask fit():\n```\n", "x")
    assert "unknown &lt;code&gt;" in to_html("```nolanguage\nunknown <code>\n```\n", "x")


@pytest.mark.parametrize("html", [False, True])
def test_every_link_of_the_examples_leads_somewhere(tmp_path: Path, html: bool) -> None:
    arguments = ["docs", str(ROOT / "edsl" / "examples"), "-o", str(tmp_path), *(["--html"] if html else [])]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    names = {p.name for p in tmp_path.iterdir()}
    pages = [p for p in tmp_path.iterdir() if p.suffix in (".md", ".html")]
    assert len(pages) == 1 + len(list((ROOT / "edsl" / "examples").rglob("*.edsl")))
    for page in pages:
        if html:
            found = _Checker()
            found.feed(page.read_text())
            links, anchors = found.links, found.ids
        else:
            text = page.read_text()
            links = re.findall(r"\]\(([^)]+)\)", text)
            heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
            anchors = {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in heads}
        for link in links:
            target, _, anchor = link.partition("#")
            assert not target or target in names, (page.name, link)
            assert not anchor or anchor in anchors, (page.name, link)


def test_errors_end_the_command_as_they_end_check(tmp_path: Path) -> None:
    file = tmp_path / "bad.edsl"
    file.write_text("edsl 1\n\npipeline main():\n    x = nothing\n")
    result = CliRunner().invoke(app, ["docs", str(file), "-o", str(tmp_path / "out")])
    assert result.exit_code == 3
    assert "E0201" in result.output
    assert not (tmp_path / "out").exists()
