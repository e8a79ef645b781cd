"""The parser's tables, kept beside the grammar: to build them takes half a second, to read them a tenth of that.

`python -m econda_edsl.tables` writes them anew after a change of the grammar, or for another version of the parser
library. Until then they are of no use and are built at each start.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from importlib import resources
from pathlib import Path

import lark

FILE = "tables.bin"


def kept(grammar: str) -> lark.Lark | None:
    """The parser of a grammar, if its tables are kept."""
    file = resources.files("econda_edsl").joinpath(FILE)
    data = file.read_bytes() if file.is_file() else b""
    key = _key(grammar)
    return lark.Lark.load(io.BytesIO(zlib.decompress(data[len(key) :]))) if data.startswith(key) else None


def keep(grammar: str, parser: lark.Lark, path: Path) -> None:
    """Write the tables of a parser that was just built."""
    saved = io.BytesIO()
    parser.save(saved)
    path.write_bytes(_key(grammar) + zlib.compress(saved.getvalue(), 9))


def _key(grammar: str) -> bytes:
    return hashlib.sha256(f"{lark.__version__}\n{grammar}".encode()).digest()


if __name__ == "__main__":
    from econda_edsl.parse import built, grammar_text

    keep(grammar_text(), built(grammar_text()), Path(__file__).with_name(FILE))
