"""The tables derived from the grammar, by the parser library.

`python -m econda_edsl.compiler.parse.make_tables` writes them, and the library's own parser, anew after a change of the
grammar, of the parser's options, or of the version of the library. Until then they are of no use, and are made at each
start.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lark import Lark
from lark.grammar import Rule

from econda_edsl.compiler.parse import library, tables
from econda_edsl.compiler.parse.grammar import EXPRESSIONS, grammar_text
from econda_edsl.compiler.parse.tables import ParserTables, Pass, Reduction, Scanner


def derived(parser: Lark | None = None) -> ParserTables:
    """The tables of the grammar. Raises `AttributeError` where another version of the library keeps its own elsewhere."""
    parser = parser or library.parser()
    frontend: Any = parser.parser
    table, lexers = frontend.parser.parser.parse_table, frontend.lexer.lexer.lexers
    count = max(table.states) + 1
    rules: dict[Rule, int] = {}
    states: list[dict[str, int]] = [{} for _ in range(count)]
    for state, actions in table.states.items():
        for name, (_, to) in sorted(actions.items()):
            states[state][name] = -1 - rules.setdefault(to, len(rules)) if isinstance(to, Rule) else to
    for end in table.end_states.values():
        states[end]["$END"] = end
    scanners: list[Scanner] = []
    scanner_of = [0] * count
    for state, lexer in sorted(lexers.items()):
        found = _scanner(lexer)
        if found not in scanners:
            scanners.append(found)
        scanner_of[state] = scanners.index(found)
    kept = frozenset(symbol.name for rule in parser.rules for symbol in rule.expansion if _is_kept(symbol))
    return ParserTables(
        table.start_states,
        table.end_states,
        states,
        [_planned(rule) for rule in rules],
        scanners,
        scanner_of,
        kept,
    )


def _scanner(lexer: Any) -> Scanner:
    (pattern,) = lexer.scanner._mres
    words = {
        kind: {word.pattern.value: word.name for word in unless.scanner.terminals}
        for kind, unless in sorted(lexer.callback.items())
    }
    return Scanner(pattern.pattern, words, frozenset(lexer.newline_types))


def _planned(rule: Rule) -> Pass | Reduction | None:
    """What a rule of the grammar does, None for one that the parser by tables cannot run: an empty one."""
    symbols, origin = rule.expansion, str(rule.origin.name)
    single = bool(rule.options.expand1 and not rule.alias)
    size = len(symbols)
    kept = {i - size: _is_list(x) for i, x in enumerate(symbols) if _is_kept(x)}
    lists = frozenset(i for i, is_list in kept.items() if is_list)
    if single and size == 1 and kept:
        return Pass(origin)
    name = "" if _is_list(rule.origin) else str(rule.alias or origin)
    return Reduction(origin, size, tuple(kept), lists, name, single, name in EXPRESSIONS) if size else None


def _is_kept(symbol: Any) -> bool:
    """Syntax is not made of what only separates: brackets, commas, keywords."""
    return not (symbol.is_term and symbol.filter_out)


def _is_list(symbol: Any) -> bool:
    """Repetitions have rules of their own, whose children belong to the rule they stand in."""
    return not symbol.is_term and symbol.name.startswith("_")


def main() -> None:
    grammar, here = grammar_text(), Path(__file__).parent
    # The same parser has other bytes each time it is written, so what is right is left alone.
    if library.kept(grammar, library.OPTIONS) is None:
        library.keep(grammar, library.OPTIONS, library.built(grammar), here / library.FILE)
    if tables.read_tables(grammar) is None:
        (here / tables.FILE).write_bytes(tables.encoded(derived(), grammar))


if __name__ == "__main__":
    main()
