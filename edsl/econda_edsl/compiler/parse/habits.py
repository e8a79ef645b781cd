"""Lines written as other languages write them: what was meant, and how EDSL says it."""

from __future__ import annotations

import re

from econda_edsl.compiler.parse.stop import Stop
from econda_edsl.diagnostics import Diagnostic
from econda_edsl.words.other_languages import TYPES, type_help, type_in_edsl

_LAST_WORD = re.compile(r"([A-Za-z_]\w*)\s*$")
_SIGNATURE = re.compile(r"\s*(task|pipeline|operator)\b")
_IMPORT = re.compile(r"import\s+([\w./-]+)(?:\s+as\s+(\w+))?\s*$")
_FROM = re.compile(r"from\s+([\w./-]+)\s+import\s+(.+?)\s*$")


def small_type(p: Stop) -> Diagnostic | None:
    """`x: int`, `List[str]`, `dict[str, int]`: a small word where a type stands, taken for a module's name."""
    found = _LAST_WORD.search(p.before)
    if p.expected != {"DOT"} or found is None:
        return None
    word = found[1]
    begin = _begin_of_type(p.source, found.start(1))
    written = p.source[begin : _end_of_type(p.source, begin)].strip()
    whole = type_in_edsl(written)
    help_ = (
        f"{'use' if written == word else 'write'} `{whole}`"
        if whole
        else type_help(word) or "types begin with a capital letter"
    )
    message = f"`{word}` is not a type of EDSL"
    return p.diagnostic("E0101", message, "not a type", help_, at=found.start(1) + 1, width=len(word))


def _begin_of_type(source: str, at: int) -> int:
    """Where the type begins in which there is a word at a column: after the last `:` that is in no brackets."""
    return source.rfind(":", 0, at) + 1 or at


def _end_of_type(source: str, begin: int) -> int:
    depth = 0
    for place in range(begin, len(source)):
        sign = source[place]
        if sign in "[(":
            depth += 1
        elif sign in "])":
            depth -= 1
        if depth < 0 or (depth == 0 and sign in ",=#") or (depth == 0 and source.startswith(" in ", place)):
            return place
    return len(source)


def type_at(source: str, column: int) -> tuple[int, int, str] | None:
    """Of a type of another language at a column (from 1): from where to where it is written, and how EDSL writes it."""
    begin = _begin_of_type(source, column - 1)
    end = _end_of_type(source, begin)
    written = type_in_edsl(source[begin:end].strip())
    return (begin, end, written) if written and written not in ("List", "Map") else None


def untyped_input(p: Stop) -> Diagnostic | None:
    """`task f(x)`, `task f(int x)`."""
    found = _LAST_WORD.search(p.before)
    if p.expected != {"COLON"} or found is None or not _SIGNATURE.match(p.source):
        return None
    word = found[1]
    if re.match(r"[a-z_]", p.word):
        help_ = f"write `{p.word}: {TYPES.get(word.lower(), 'Int')}`"
        return p.diagnostic("E0101", "an input is its name, then its type", "expected `:`", help_)
    help_ = f"write `{word}: Int`, or what type it has"
    return p.diagnostic("E0101", f"`{word}` has no type", "no `: Type`", help_, at=found.start(1) + 1, width=len(word))


def bare_result(p: Stop) -> Diagnostic | None:
    """`-> Int`: outputs have names."""
    if p.expected != {"LPAR"} or not p.before.rstrip().endswith("->"):
        return None
    written = p.source[p.column - 1 :].rstrip().removesuffix(":")
    if written.lower() in ("none", "void"):
        help_ = "leave `->` out: there are no outputs"
    else:
        right = re.fullmatch(r"[A-Z]\w*(?:\[[A-Z][\w\[\], ?]*\])?\??", written)
        kind = type_in_edsl(written) or (written if right else "Int")
        help_ = f"write `-> (result: {kind})`"
    return p.diagnostic("E0101", "outputs have names, in brackets", "no name", help_)


def argument_with_colon(p: Stop) -> Diagnostic | None:
    """`f(x: 3)`."""
    found = re.search(r"[(,]\s*([a-z_]\w*)\s*$", p.before)
    if p.word != ":" or found is None or not {"EQUAL", "RPAR"} <= p.expected:
        return None
    value = p.source[p.column :].split(",")[0].split(")")[0].strip() or "…"
    return p.diagnostic("E0101", "an argument is given by `=`", "not `:`", f"write `{found[1]} = {value}`")


def unquoted_import(p: Stop) -> Diagnostic | None:
    """`import econda.ml as ml`, `from lib import f`."""
    source = p.source.rstrip()
    if p.margin != 1 or not source.startswith(("import ", "from ")) or '"' in source:
        return None
    if found := _IMPORT.match(source):
        name = found[2] or re.split(r"[./]", found[1].removesuffix(".edsl"))[-1]
        help_ = f"write `import {_quoted(found[1])} as {name}`"
        if re.fullmatch(r"[a-z_]\w*", found[1]):
            return _import_of_python(p, found[1], help_)
    elif found := _FROM.match(source):
        help_ = f"write `from {_quoted(found[1])} import {found[2]}`"
        if re.fullmatch(r"[a-z_]\w*", found[1]):
            return _import_of_python(p, found[1], help_)
    else:
        help_ = 'write `import "./file.edsl" as name`, or `from "./file.edsl" import name`'
    at, width = source.index(" ") + 2, len(source.split()[1]) if len(source.split()) > 1 else 1
    return p.diagnostic("E0101", "what is imported stands in quotes", "no quotes", help_, at=at, width=width)


def _import_of_python(p: Stop, module: str, as_file: str) -> Diagnostic:
    """`import numpy`: modules of Python are imported by the code that uses them."""
    help_ = (
        f"the code of a task imports modules of Python: `{p.source.strip()}` below `run python:`, with `packages = "
        f'["{module}"]` in the task; for a file of declarations {as_file}'
    )
    message = "an import names a file of declarations or a package, in quotes"
    return p.diagnostic("E0101", message, "not in quotes", help_, at=p.source.index(" ") + 2, width=len(module))


def _quoted(module: str) -> str:
    path = module.removesuffix(".edsl")
    path = path if "/" in path else path.strip(".").replace(".", "/")
    return f'"{path}"' if path.startswith("econda/") else f'"./{path.removeprefix("./")}.edsl"'


def import_without_name(p: Stop) -> Diagnostic | None:
    """`import "./file.edsl"`."""
    found = re.fullmatch(r'import\s+"([^"]+)"\s*', p.source)
    if p.margin != 1 or found is None or not p.at_end:
        return None
    name = re.sub(r"\W", "_", found[1].rpartition("/")[2].removesuffix(".edsl"))
    help_ = f'write `import "{found[1]}" as {name}`'
    return p.diagnostic("E0101", "an import has a name", "expected `as name`", help_)


def unnamed_return(p: Stop) -> Diagnostic | None:
    """`return a.y`: what is returned has a name."""
    found = re.fullmatch(r"\s*return\b\s*(.*?)\s*", p.source)
    if found is None or "=" in p.source.replace("==", ""):
        return None
    value = found[1] or "value"
    name = value.rpartition(".")[2] if found[1] and re.fullmatch(r"[a-z_][\w.]*", value) else "y"
    return p.diagnostic(
        "E0101", "a pipeline returns its outputs by name", "no name", f"write `return {name} = {value}`"
    )


def slice_of_a_list(p: Stop) -> Diagnostic | None:
    """`xs[1:3]`, `xs[:3]`."""
    found = re.search(r"[\w)\]]\[[^\[\]]*$", p.before)
    if p.word != ":" or found is None:
        return None
    help_ = "write `take(xs, 3)` for the first of a list, `drop(xs, 3)` for the others"
    return p.diagnostic("E0101", "a list has no slices", "not here", help_)


_STEP_WORDS = {
    "let": "names of steps are bound by `=` alone; `let` stands at the left margin",
    "var": "names are bound by `=` alone, and never change",
    "const": "names are bound by `=` alone, and never change",
    "await": "a step waits for what it reads; leave `await` out",
    "async": "steps that do not read each other run side by side; leave `async` out",
    "parallel": "steps that do not read each other run side by side; leave `parallel` out",
    "lambda": "name a field by a selector, `by = .loss`, or compute it in a task",
    "new": "a record is made by its name: `Options(rate = 0.5)`",
    "raise": 'write `fail "why"`',
    "throw": 'write `fail "why"`',
    "yield": "end the loop with `gather value`",
    "append": "end the loop with `gather value`",
}
_LIKE_WORDS = re.compile(rf"(?:^\s*|=\s*)({'|'.join(_STEP_WORDS)})\b")


def step_word(p: Stop) -> Diagnostic | None:
    """`let a = f(1)`, `a = await f(1)`, `parallel:`."""
    found = _LIKE_WORDS.search(p.source)
    if found is None or p.margin == 1 or found.start(1) > p.column:
        return None
    word = found[1]
    message = f"there is no `{word}` here"
    return p.diagnostic(
        "E0110", message, "not a word of EDSL", _STEP_WORDS[word], at=found.start(1) + 1, width=len(word)
    )


def binding_of_python(p: Stop) -> Diagnostic | None:
    """`a := f(1)`, `x: Int = 3`, `a, b = f(1)`, `needs = {…}`."""
    if p.margin == 1:
        return None
    if found := re.fullmatch(r"\s*([a-z_]\w*)\s*:=\s*(.*)", p.source):
        return p.diagnostic(
            "E0111", "`:=` is not an operator of EDSL", "not known", f"write `{found[1]} = {found[2].strip()}`", width=2
        )
    if found := re.fullmatch(r"\s*([a-z_]\w*)\s*:\s*[A-Za-z][\w\[\], ?]*=\s*(.*)", p.source):
        if "EQUAL" not in p.expected or p.word != ":" or found[1] in ("carry",):
            return None
        return p.diagnostic(
            "E0101", "a step's type follows from its value", "no type here", f"write `{found[1]} = {found[2].strip()}`"
        )
    if found := re.fullmatch(r"\s*([a-z_]\w*)((?:\s*,\s*[a-z_]\w*)+)\s*=\s*(.*)", p.source):
        help_ = f"write `x = {found[3].strip()}`, and read its outputs as `x.{found[1]}`"
        return p.diagnostic("E0101", "one name is bound at a time", "a second name", help_)
    if re.match(r"\s*(needs|state)\s*=", p.source) and p.word == "=":
        word = p.source.split("=")[0].strip()
        example = "cpu = 4" if word == "needs" else "count: Int = 0"
        return p.diagnostic(
            "E0101", f"`{word}` opens a block", "no `=`", f"write `{word}:`, and `{example}` on a line below it"
        )
    if re.match(r"\s*(resources|requirements|resource)\s*:", p.source) and p.word == ":":
        return p.diagnostic("E0110", f"there is no `{p.source.split(':')[0].strip()}` here", "not a word of EDSL",
                            "write `needs:`, with `cpu = 4` and `memory = 4GiB` below", at=p.margin, width=len(p.source.split(":")[0].strip()))  # fmt: skip
    return None


HABITS = (
    step_word,
    binding_of_python,
    small_type,
    untyped_input,
    bare_result,
    argument_with_colon,
    slice_of_a_list,
    unquoted_import,
    import_without_name,
    unnamed_return,
)
