"""Whatever a task does to its inputs, the next one has them as they were made; so has a result that is kept."""

from tests.answers.answer import Answer, indented

_MADE = """task make() -> (page: File, tree: Dir):
    run shell:
        printf 'first\\nsecond\\n' > "$OUT/page"
        mkdir -p "$OUT/tree/below"
        printf 'deep\\n' > "$OUT/tree/below/leaf"

"""
_READ = """task read(page: File, tree: Dir, then: Int) -> (says: String, has: String, beside: String):
    run shell:
        cat "$page" "$tree/below/leaf" > "$OUT/says"
        (cd "$tree"; find . | sort | tr '\\n' ' ') > "$OUT/has"
        ls "$(dirname "$page")" > "$OUT/beside"

pipeline main() -> (says: String, has: String, beside: String):
    made = make()
    done = spoil(made.page, made.tree)
    seen = read(made.page, made.tree, done.n)
    return says = seen.says, has = seen.has, beside = seen.beside
"""
_RIGHT = {"says": "first\nsecond\ndeep", "has": ". ./below ./below/leaf ", "beside": "page"}

_SPOILING = {
    "appended to": ("shell", 'chmod -R u+w "$page" "$tree"\necho more >> "$page"\necho more >> "$tree/below/leaf"\n'
                             'touch "$tree/new"\necho 1 > "$OUT/n"'),
    "edited in place": ("shell", 'sed -i 1d "$page"\nsed -i s/deep/shallow/ "$tree/below/leaf"\necho 1 > "$OUT/n"'),
    "removed": ("shell", 'rm -rf "$page" "$tree"\necho 1 > "$OUT/n"'),
    "removed with all around": ("shell", 'rm -rf "$(dirname "$page")" "$(dirname "$tree")"\necho 1 > "$OUT/n"'),
    "moved away": ("shell", 'mv "$page" mine\nmv "$tree" ours\necho 1 > "$OUT/n"'),
    "replaced by other things": ("shell", 'rm -rf "$page" "$tree"\nmkfifo "$page"\necho gone > "$tree"\necho 1 > "$OUT/n"'),
    "links elsewhere": ("shell", 'ln -sf /etc/passwd "$page"\nln -sf /etc/passwd "$tree/below/leaf"\necho 1 > "$OUT/n"'),
    "beside": ("shell", 'touch "$(dirname "$page")/stray"\necho 1 > "$OUT/n"'),
    "same size and time": ("python", "import os\nfor path in (page, tree / 'below/leaf'):\n    was = os.stat(path)\n"
                                     "    os.chmod(path, 0o644)\n    path.write_text('X' * was.st_size)\n"
                                     "    os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))\nn = 1"),
    "through memory": ("python", "import mmap, os\nos.chmod(page, 0o644)\nwith open(page, 'r+b') as file:\n"
                                 "    mmap.mmap(file.fileno(), 0)[0] = 88\nn = 1"),
}  # fmt: skip
_ON_STACKS = ("appended to", "removed with all around", "same size and time")


def _spoilt(name: str, language: str, body: str) -> Answer:
    spoil = f"task spoil(page: File, tree: Dir) -> (n: Int):\n    run {language}:\n{indented(body)}\n"
    embedded = "" if name in _ON_STACKS else "the worker is the same, and each takes three links of a chain"
    return Answer(f"inputs {name}", _MADE + spoil + _READ, _RIGHT, embedded=embedded)


_KEPT = """task write() -> (rows: File):
    run shell:
        printf 'a\\nb\\nc\\n' > "$OUT/rows"

task careless(rows: File) -> (n: Int):
    run shell:
        sed -i '/b/d' "$rows"
        echo 0 > "$OUT/n"

task count(rows: File, then: Int) -> (n: Int):
    cache = inputs
    run shell:
        grep -c . "$rows" > "$OUT/n"

pipeline main() -> (wrong: Int, right: Int):
    made = write()
    spoilt = careless(made.rows)
    first = count(made.rows, spoilt.n)
    second = count(made.rows, first.n)
    return wrong = first.n, right = second.n
"""

_HANDED_ON = """task write() -> (rows: File):
    run shell:
        printf '1\\n' > "$OUT/rows"

task add(rows: File) -> (more: File):
    run python:
        rows.chmod(0o644)
        with rows.open("a") as file:
            file.write("2\\n")
        more = rows

task both(rows: File, more: File) -> (text: String):
    run shell:
        cat "$rows" "$more" > "$OUT/text"

pipeline main() -> (text: String):
    made = write()
    added = add(made.rows)
    seen = both(made.rows, added.more)
    return text = seen.text
"""

ANSWERS = (
    *(_spoilt(name, *how) for name, how in _SPOILING.items()),
    Answer("a kept result of what was spoilt", _KEPT, {"wrong": 3, "right": 3}),
    Answer("a changed input as an output", _HANDED_ON, {"text": "1\n1\n2"}),
)
