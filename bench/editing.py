"""From a key to the errors it makes, in a file of 5,000 lines, beside a whole check of the same file in the same run.

The server is the real `econda lsp` over standard input and output. Latency counts from the edit to the diagnostics
shown for it, with the pause the server makes so as not to examine every key of a fast typist.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from econda_edsl.compiler.compile import compile_source
from lsprotocol import types as p

from tests.lsp.editor import PROGRAM, Editor, editing

LINES = 5_000
EDITS = 20
_TASK = '''task fit{i}(rows: Table, depth: Int in 1..64 = 6) -> (model: Model, auc: Float):
    """Fit model {i}."""
    needs:
        cpu = 4
        memory = 8GiB * attempt + 2 * rows.size
        time = 30min
    retry = exponential(attempts = 4, first = 30s, on = [preempted, out_of_memory])
    timeout = 3h
    run python:
        model, auc = train(rows, depth)

'''
_STEPS = """    a{i} = fit{i}(rows, depth = {depth})
    when a{i}.auc > 0.5:
        b{i} = fit{i}(rows)
        c{i} = b{i}.auc * 2 + a{i}.auc
    else:
        c{i} = 0.0
    assert c{i} > 0.1, "got {{c{i}}}"
"""


def program(lines: int = LINES) -> str:
    """Tasks of ten lines each, and one pipeline that calls them all."""
    count = lines // 18
    tasks = "".join(_TASK.format(i=i) for i in range(count))
    steps = "".join(_STEPS.format(i=i, depth=i % 60 + 1) for i in range(count))
    return f"edsl 1\n\n{tasks}pipeline main(rows: Table) -> (x: Float):\n{steps}    return x = c0\n"


def check_s(text: str) -> float:
    """Seconds of a whole check in this process, parser tables already built."""
    compile_source("edsl 1\n")
    started = time.perf_counter()
    compile_source(text)
    return time.perf_counter() - started


def command_s(text: str) -> float:
    """Seconds of `econda check` as a command, its start included."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "main.edsl"
        file.write_text(text)
        program_ = PROGRAM.replace("['econda', 'lsp']", f"['econda', 'check', {str(file)!r}]")
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", program_], check=True, capture_output=True)
        return time.perf_counter() - started


async def edits_s(text: str) -> dict[str, list[float]]:
    """Seconds from edit to errors, by kind of edit."""
    lines = text.split("\n")
    task = next(i for i, line in enumerate(lines) if line.startswith("    timeout"))
    step = next(i for i, line in enumerate(lines) if line.startswith("    assert"))
    places = {
        "a letter in a task": (task, len(lines[task]), "3"),
        "a letter in the pipeline": (step, lines[step].index('"got') + 1, "x"),
        "a new line at the top": (1, 0, "\n"),
    }
    with tempfile.TemporaryDirectory() as folder:
        async with editing(Path(folder)) as editor:
            document = editor.open(text)
            await editor.diagnostics(document)
            return {name: [await _edit_s(editor, document, *at) for _ in range(EDITS)] for name, at in places.items()}


async def _edit_s(editor: Editor, document: p.TextDocumentIdentifier, line: int, column: int, new: str) -> float:
    at = p.Position(line, column)
    started = time.perf_counter()
    version = editor.replace(document, p.Range(at, at), new)
    await editor.diagnostics(document, version)
    return time.perf_counter() - started


def main() -> None:
    text = program()
    whole = statistics.median(check_s(text) for _ in range(5))
    command = statistics.median(command_s(text) for _ in range(3))
    print(f"a file of {text.count(chr(10)):,} lines")
    print(f"{'':<28}{'median ms':>10}{'worst ms':>10}{'of a check':>12}")
    _row("a whole check", [whole], whole)
    _row("`econda check`", [command], whole)
    for name, found in asyncio.run(edits_s(text)).items():
        _row(name, found, whole)


def _row(name: str, seconds: list[float], whole: float) -> None:
    middle = statistics.median(seconds)
    print(f"{name:<28}{middle * 1e3:>10,.0f}{max(seconds) * 1e3:>10,.0f}{middle / whole:>11.2f}x")


if __name__ == "__main__":
    main()
