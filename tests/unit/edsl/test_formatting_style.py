"""The one style, case by case: what goes in, what comes out."""

import textwrap

import pytest
from econda_edsl.formatting.source import format_source


def style(text: str) -> str:
    formatted = format_source("edsl 1\n\n" + textwrap.dedent(text).lstrip("\n"))
    assert formatted.text is not None, formatted.diagnostics
    assert format_source(formatted.text).text == formatted.text
    return formatted.text.removeprefix("edsl 1\n\n")


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("let a=1", "let a = 1"),
        ("let a = - 1 - -2*( 3+4 )**2", "let a = -1 - -2 * (3 + 4) ** 2"),
        ("let a = [ 1 , 2,3 ]", "let a = [1, 2, 3]"),
        ("let a = {x:1,y:2}", "let a = {x: 1, y: 2}"),
        ("let a = f ( x=1 ) [ 0 ] . size?.y", "let a = f(x = 1)[0].size?.y"),
        ("let a = best(b,by=.half , lowest = not c)", "let a = best(b, by = .half, lowest = not c)"),
        ("let a = 1 .. 3", "let a = 1..3"),
        ("let a = -1 .. -x.y", "let a = -1..-x.y"),
        ("let a: Map[ String,Int ]? = none", "let a: Map[String, Int]? = none"),
        ('let a: "x"|"y" = "x"  #  why', 'let a: "x" | "y" = "x"  #  why'),
        ("let a = [x for x in xs if x>1 and not(x==3)]", "let a = [x for x in xs if x > 1 and not (x == 3)]"),
        ("let a = 3if b else 4", "let a = 3 if b else 4"),
        ("let a = x??y", "let a = x ?? y"),
        ("let a = $3 / h", "let a = $3 / h"),
        ("let a = $3/h", "let a = $3/h"),
        ("let a = f(1,)", "let a = f(1)"),
        ("let a = [1,2,]", "let a = [\n    1,\n    2,\n]"),
        ("type T=List[ Int ]", "type T = List[Int]"),
    ],
)
def test_a_line(given: str, wanted: str) -> None:
    assert style(given) == wanted + "\n"


def test_margins_and_blank_lines() -> None:
    given = """
    let a = 1
    let b = 2


    let c = 3
    task t(x: Int)->(y: Int):


      needs:
         cpu=1

      run shell:
            one
              two



            three
    pipeline p():

      t(c)  # last
      when a>b:
        t(a)

      else:
        t(b)


    # end
    """
    assert style(given) == textwrap.dedent("""\
    let a = 1
    let b = 2

    let c = 3

    task t(x: Int) -> (y: Int):
        needs:
            cpu = 1

        run shell:
            one
              two



            three

    pipeline p():
        t(c)  # last
        when a > b:
            t(a)
        else:
            t(b)

    # end
    """)


def test_comments_stay_with_what_they_are_about() -> None:
    given = """
    # of a
    let a = 1 # beside a
    # above t

    ## documents t
    task t(  # at the bracket
      # above x
      x: Int, # beside x

      y: Int # beside y
      , # after the comma
      # below y
    ):
      # first in t
      run shell:
        # code
        true
      # last in t
     # stray
    # top
    pipeline p():
        t((1 # one
           + 2), y = 3)
        # after the step
    """
    assert style(given) == textwrap.dedent("""\
    # of a
    let a = 1  # beside a
    # above t

    ## documents t
    task t(  # at the bracket
        # above x
        x: Int,  # beside x

        y: Int,  # beside y
        # after the comma
        # below y
    ):
        # first in t
        run shell:
            # code
            true
        # last in t

    # stray
    # top
    pipeline p():
        t(
            (
                1  # one
                + 2
            ),
            y = 3,
        )
        # after the step
    """)


def test_long_lines_open_their_longest_bracket() -> None:
    names = ", ".join(f"name_{i} = {i} * 1000000" for i in range(6))
    out = style(f"let a = f(g(1), {names})")
    assert out.splitlines()[:3] == ["let a = f(", "    g(1),", "    name_0 = 0 * 1000000,"]
    assert out.endswith("    name_5 = 5 * 1000000,\n)\n")


def test_a_long_condition_breaks_before_its_loosest_operator() -> None:
    test = " and ".join(f"(name_{i} > 1000000 or name_{i} == 7)" for i in range(5))
    lines = style(f"let a = ({test})").splitlines()
    assert lines[1] == "    (name_0 > 1000000 or name_0 == 7)"
    assert lines[2] == "    and (name_1 > 1000000 or name_1 == 7)"


def test_docs_move_with_their_block() -> None:
    given = 'task t():\n  """One.\n\n    Two:\n      three\n  """\n  run shell:\n    true\n'
    wanted = 'task t():\n    """One.\n\n      Two:\n        three\n    """\n    run shell:\n        true\n'
    assert style(given) == wanted


def test_what_does_not_parse_is_left_alone() -> None:
    formatted = format_source("edsl 1\nlet a = (1\n")
    assert formatted.text is None
    assert [d.code for d in formatted.diagnostics] == ["E0104"]
    assert format_source(b"edsl 1\n\xff").diagnostics[0].code == "E0113"


def test_windows_lines_and_marks_of_byte_order() -> None:
    assert format_source(b"\xef\xbb\xbfedsl 1\r\n\r\r\n# a\r\nlet a=1\r\n").text == "edsl 1\n\n# a\nlet a = 1\n"
