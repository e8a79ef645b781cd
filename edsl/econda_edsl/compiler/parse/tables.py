"""The parser's tables, kept beside the grammar: to build them takes half a second, to read them a tenth of that.

`python -m econda_edsl.compiler.parse.tables` writes them anew after a change of the grammar, of the parser's options, or of the
version of the parser library. Until then they are of no use, and the parser is built at each start.
"""

from __future__ import annotations

import hashlib
import io
import json
import zlib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import lark

FILE = "tables.bin"


def kept(grammar: str, options: Mapping[str, Any]) -> lark.Lark | None:
    """The parser of a grammar with these options, if its tables are kept and can be read."""
    file = resources.files("econda_edsl.compiler.parse").joinpath(FILE)
    data = file.read_bytes() if file.is_file() else b""
    key = _key(grammar, options)
    if not data.startswith(key):
        return None
    try:
        return lark.Lark.load(io.BytesIO(zlib.decompress(data[len(key) :])))
    except Exception:
        # Damaged, or made by code that has changed its names since: they save time, and no more than that.
        return None


def keep(grammar: str, options: Mapping[str, Any], parser: lark.Lark, path: Path) -> None:
    """Write the tables of a parser that was just built."""
    saved = io.BytesIO()
    parser.save(saved)
    path.write_bytes(_key(grammar, options) + zlib.compress(saved.getvalue(), 9))


def _key(grammar: str, options: Mapping[str, Any]) -> bytes:
    about = json.dumps([lark.__version__, grammar, dict(options)], sort_keys=True)
    return hashlib.sha256(about.encode()).digest()


if __name__ == "__main__":
    from econda_edsl.compiler.parse.grammar import OPTIONS, built, grammar_text

    # The same tables have other bytes each time they are written, so what is right is left alone.
    if kept(grammar_text(), OPTIONS) is None:
        keep(grammar_text(), OPTIONS, built(grammar_text()), Path(__file__).with_name(FILE))
