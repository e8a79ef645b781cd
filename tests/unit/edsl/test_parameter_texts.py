"""One table of texts and types: the same text means the same, wherever it stands."""

import json

import pytest
from econda_edsl.compiler.compile import compile_source
from econda_edsl.parameters.bind import bind_parameters
from econda_edsl.parameters.files import read_params
from econda_edsl.parameters.given import Given, Plain
from econda_edsl.parameters.texts import written_params
from econda_edsl.plan import Plan

WRONG = object()
TABLE = [
    ("String", "NO", "NO"),
    ("String", "yes", "yes"),
    ("String", "on", "on"),
    ("String", "1.10", "1.10"),
    ("String", "02134", "02134"),
    ("String", "010", "010"),
    ("String", "0x10", "0x10"),
    ("String", "0b11", "0b11"),
    ("String", "1_000", "1_000"),
    ("String", "1e3", "1e3"),
    ("String", "12:30:45", "12:30:45"),
    ("String", "2020-01-01", "2020-01-01"),
    ("String", "2026-01-31T12:00:00+02:00", "2026-01-31T12:00:00+02:00"),
    ("String", "~", "~"),
    ("String", "null", "null"),
    ("String", "none", "none"),
    ("String", ".inf", ".inf"),
    ("String?", "NO", "NO"),
    ("String?", "~", None),
    ("String?", "none", None),
    ("Int", "010", 10),
    ("Int", "42", 42),
    ("Int", "-3", -3),
    ("Int", "1_000", 1000),
    ("Int", "0x10", WRONG),
    ("Int", "1e3", WRONG),
    ("Int", "1.0", WRONG),
    ("Int", "12:30:45", WRONG),
    ("Int", "yes", WRONG),
    ("Int", "~", WRONG),
    ("Int", "٣", WRONG),
    ("Int?", "~", None),
    ("Int?", "null", None),
    ("Int?", "010", 10),
    ("Float", "1e3", 1000.0),
    ("Float", "1.10", 1.1),
    ("Float", "3", 3.0),
    ("Float", "0x10", WRONG),
    ("Float", ".inf", WRONG),
    ("Float", "NO", WRONG),
    ("Bool", "NO", False),
    ("Bool", "yes", True),
    ("Bool", "true", True),
    ("Bool", "1", WRONG),
    ("Bool", "~", WRONG),
    ("Duration", "2h", 7_200_000),
    ("Duration", "12:30:45", WRONG),
    ("Duration", "30", WRONG),
    ("Size", "16GiB", 2**34),
    ("Size", "0x10", WRONG),
    ("Percent", "2.5%", 0.025),
    ("Percent", "0.2", WRONG),
    ("Money", "$5.25", 5_250_000),
    ("Rate", "$0.9/h", 900_000),
    ("Bandwidth", "0.5kbps", 500),
    ("Date", "2020-01-01", "2020-01-01"),
    ("Date", "2020-1-1", WRONG),
    ("Instant", "2026-01-31T12:00:00+02:00", "2026-01-31T10:00:00Z"),
    ("Instant", "2026-01-31", WRONG),
    ('"no" | "yes"', "no", "no"),
    ('"no" | "yes"', "NO", WRONG),
    ("List[String]", "[NO, 1.10, 010, ~]", ["NO", "1.10", "010", "~"]),
    ("List[Duration]", "[2h, 1s]", [7_200_000, 1_000]),
    ("Map[String, Float]", "{NO: 1e3, 010: 2}", {"NO": 1000.0, "010": 2.0}),
    ("Options", "{rate: 1e3}", {"rate": 1000.0, "name": "fast", "share": 0.5}),
    ("Options", "{rate: 1, name: NO, share: 20%}", {"rate": 1.0, "name": "NO", "share": 0.2}),
    ("Options", "{name: x}", WRONG),
    ("Options", "{rate: 1, nmae: x}", WRONG),
    ("Options", "{rate: 1, share: 150%}", WRONG),
]
IDS = [f"{kind} {text}".replace("٣", "three") for kind, text, _ in TABLE]


def plan_of(kind: str) -> Plan:
    source = (
        'edsl 1\n\ntype Options:\n    rate: Float\n    name: String = "fast"\n    share: Percent in 0%..100% = 50%\n\n'
        f"pipeline p(x: {kind}):\n    assert true\n"
    )
    plan = compile_source(source).plan
    assert plan is not None
    return plan


def same(plan: Plan, given: dict[str, Given], wanted: object) -> None:
    values, errors = bind_parameters(plan, given)
    if wanted is WRONG:
        assert len(errors) == 1
        assert values == {}
    else:
        assert errors == []
        assert values == {"x": wanted}
        assert type(values["x"]) is type(wanted)
        again = json.dumps(written_params(plan, values)).encode()
        assert bind_parameters(plan, read_params(again, "params.json")) == (values, [])
        assert bind_parameters(plan, read_params(again, "params.yaml")) == (values, [])


@pytest.mark.parametrize(("kind", "text", "wanted"), TABLE, ids=IDS)
def test_a_text_means_the_same_wherever_it_stands(kind: str, text: str, wanted: object) -> None:
    plan = plan_of(kind)
    same(plan, {"x": Given(Plain(text))}, wanted)
    same(plan, read_params(f"x: {text}\n".encode()), wanted)
    same(plan, read_params(f"# a note\nx:\n  {text}\n".encode()), wanted)


@pytest.mark.parametrize(("kind", "text", "wanted"), [row for row in TABLE if row[1] not in ("~", "null", "none")])
def test_quotes_change_no_text(kind: str, text: str, wanted: object) -> None:
    plan = plan_of(kind)
    quoted = json.dumps(text)
    same(plan, read_params(f"x: {quoted}".encode()), wanted)
    same(plan, read_params(f'{{"x": {quoted}}}'.encode(), "p.json"), wanted)
    same(plan, read_params(f"x = '{text}'".encode(), "p.toml"), wanted)


@pytest.mark.parametrize("text", ["1.10", "1e3", "42", "-7"])
def test_numbers_of_json_and_toml_keep_their_text(text: str) -> None:
    plan = plan_of("String")
    same(plan, read_params(f'{{"x": {text}}}'.encode(), "p.json"), text)
    same(plan, read_params(f"x = {text}".encode(), "p.toml"), text)


@pytest.mark.parametrize("text", ["0x10", "1_000", "1979-05-27", "07:32:00"])
def test_what_only_toml_writes_keeps_its_text(text: str) -> None:
    same(plan_of("String"), read_params(f"x = {text}".encode(), "p.toml"), text)


def test_quotes_say_that_a_text_is_meant() -> None:
    same(plan_of("String?"), read_params(b'x: "null"'), "null")
    same(plan_of("String?"), read_params(b'{"x": null}', "p.json"), None)
    same(plan_of("String"), read_params(b'{"x": null}', "p.json"), WRONG)
    same(plan_of("String"), read_params(b"x:"), WRONG)
    same(plan_of("String"), read_params(b'x: ""'), "")


def test_an_error_names_file_line_parameter_text_and_type() -> None:
    _, errors = bind_parameters(plan_of("Options"), read_params(b"\nx:\n  rate: 0x10\n", "exp/params.yaml"))
    assert errors == ['exp/params.yaml:2: parameter `x.rate` must be Float (such as 0.5), not "0x10"']


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Options(rate = 1, name = none)", None),
        ("Other(rate = 1)", "`Other` is another type"),
        ("{rate: 1", "`,` or `}` is missing at its end"),
        ("{rate 1}", "`:` is missing"),
        ("{rate: 1, rate: 2}", "`rate` is given twice"),
        ('{"rate": 1, "rate": 2}', "`rate` is given twice"),
        ("{rate: 1} x", "the end is missing before `x`"),
        ("rate: 1", "write it as `{…}`"),
        ("{nmae: x, rate: 1}", "`nmae` is not a field; did you mean `name`?"),
        ("{rate: 1, share: 120%}", "`x.share` is 120%, outside its range 0%..100%"),
    ],
)
def test_notation(text: str, said: str | None) -> None:
    values, errors = bind_parameters(plan_of("Options"), {"x": Given(Plain(text))})
    if said is None:
        assert values == {"x": {"rate": 1.0, "name": "none", "share": 0.5}}
    else:
        assert len(errors) == 1
        assert said in errors[0]


@pytest.mark.parametrize(
    ("data", "name", "said"),
    [
        (b"a: 1\na: 2\n", "p.yaml", "`a` in line 2 is given twice"),
        (b"a: !!binary xx\n", "p.yaml", "not allowed"),
        (b"[1]", "p.json", "must be a mapping"),
        (b'{"a": }', "p.json", "line 1, column 7"),
        (b"a = ", "p.toml", "not valid TOML"),
    ],
)
def test_files_that_cannot_be_read(data: bytes, name: str, said: str) -> None:
    from econda_edsl.parameters.files import BadParams

    with pytest.raises(BadParams, match=said) as found:
        read_params(data, name)
    assert name in str(found.value)
