"""What people bring from Python, YAML and other workflow languages, and what EDSL calls it."""

from __future__ import annotations

import re

TYPES = {
    "str": "String", "string": "String", "text": "String", "char": "String", "varchar": "String", "unicode": "String", "url": "String",
    "int": "Int", "integer": "Int", "long": "Int", "short": "Int", "int32": "Int", "int64": "Int", "uint": "Int", "number": "Float",
    "float": "Float", "double": "Float", "real": "Float", "decimal": "Float", "float32": "Float", "float64": "Float", "numeric": "Float",
    "bool": "Bool", "boolean": "Bool", "list": "List", "array": "List", "sequence": "List", "iterable": "List", "vector": "List",
    "set": "List", "dict": "Map", "map": "Map", "mapping": "Map", "dictionary": "Map", "hash": "Map", "file": "File", "path": "File",
    "filepath": "File", "bytes": "File", "blob": "File", "stdin": "File", "dir": "Dir", "directory": "Dir", "folder": "Dir",
    "date": "Date", "datetime": "Instant", "timestamp": "Instant", "time": "Instant", "instant": "Instant",
    "timedelta": "Duration", "duration": "Duration", "interval": "Duration", "seconds": "Duration", "percent": "Percent",
    "percentage": "Percent", "money": "Money", "size": "Size", "table": "Table", "dataframe": "Table", "model": "Model",
    "metrics": "Metrics",
}  # fmt: skip
"""Types of other languages, in small letters, that are one of EDSL's."""

SHAPES = {
    "optional": "write `T?`", "union": 'write `T?` for a value that may be missing, `"a" | "b"` for a choice',
    "any": "declare a record: `type Name:` with a field on each line", "object": "declare a record: `type Name:` with a field on each line",
    "struct": "declare a record: `type Name:` with a field on each line", "tuple": "declare a record: `type Name:` with a field on each line",
    "json": "declare a record: `type Name:` with a field on each line", "namedtuple": "declare a record: `type Name:` with a field on each line",
    "enum": 'write the choices: `"fast" | "slow"`', "literal": 'write the choices: `"fast" | "slow"`',
    "ndarray": "write `File` for large arrays, `List[Float]` for small ones", "tensor": "write `File` for large arrays, `List[Float]` for small ones",
    "none": "leave the outputs out: `task name(…):`", "void": "leave the outputs out: `task name(…):`",
}  # fmt: skip
"""Types of other languages that are said in another way, and how."""

SETTINGS = {
    "retries": "retry = exponential(attempts = 4)", "max_retries": "retry = exponential(attempts = 4)",
    "maxretries": "retry = exponential(attempts = 4)", "attempts": "retry = exponential(attempts = 4)",
    "retry_delay": "retry = exponential(attempts = 4, first = 30s)", "backoff": "retry = exponential(attempts = 4, first = 30s)",
    "cpus": "cpu = 4", "cores": "cpu = 4", "threads": "cpu = 4", "vcpus": "cpu = 4", "num_cpus": "cpu = 4", "ncpus": "cpu = 4",
    "mem": "memory = 4GiB", "ram": "memory = 4GiB", "memory_mb": "memory = 4GiB", "memory_gb": "memory = 4GiB",
    "gpus": "gpu = 1", "num_gpus": "gpu = 1", "accelerator": "gpu = 1 of [A100]", "disk_size": "disk = 20GiB", "storage": "disk = 20GiB",
    "time_limit": "timeout = 3h", "timelimit": "timeout = 3h", "walltime": "timeout = 3h", "time_out": "timeout = 3h",
    "execution_timeout": "timeout = 3h", "timeout_seconds": "timeout = 3h", "runtime": "time = 10min", "duration": "time = 10min",
    "docker": 'image = "name:tag"', "container": 'image = "name:tag"', "docker_image": 'image = "name:tag"',
    "requirements": 'packages = ["numpy==2.*"]', "dependencies": 'packages = ["numpy==2.*"]', "pip": 'packages = ["numpy==2.*"]',
    "conda": 'packages = ["numpy==2.*"]', "environment": 'env = {MODE: "fast"}', "environ": 'env = {MODE: "fast"}',
    "env_vars": 'env = {MODE: "fast"}', "caching": "cache = inputs", "memoize": "cache = inputs", "checkpoints": "checkpoint = every(10min)",
    "resources": "`needs:` with `cpu = 4` and `memory = 4GiB` below", "max_parallel": "parallel = 10", "concurrency_limit": "parallel = 10",
    "tolerance": "tolerate = 5%", "max_failures": "tolerate = 5%",
}  # fmt: skip
"""Settings as others call them, with how EDSL writes them."""

CALLS = {
    "print": "print in the code of a task; a pipeline returns values", "echo": "print in the code of a task; a pipeline returns values",
    "log": "print in the code of a task; a pipeline returns values", "open": "files are read in the code of a task",
    "read": "files are read in the code of a task", "map": "use a loop: `ys = foreach x in xs:`, or `[x + 1 for x in xs]` for values",
    "filter": "write `[x for x in xs if …]`", "sorted": "it is called `sort`",
    "average": "it is called `mean`", "avg": "it is called `mean`", "length": "it is called `len`", "count": "it is called `len`",
    "maximum": "it is called `max`", "minimum": "it is called `min`", "argmax": "use `best(xs, by = .field)`",
    "string": "it is called `str`", "getenv": "declare a parameter, or `env` of a task", "sleep": "do it in the code of a task",
    "dict": 'write `{"key": 1}`', "list": "write `[1, 2]`", "tuple": "write a record: `{a: 1, b: 2}`", "glob": 'write `files("*.csv")` as the default of an input',
    "contains": "write `part in text`", "includes": "write `part in text`", "has": "write `key in map`",
    "startswith": "it is called `starts_with`", "endswith": "it is called `ends_with`", "trim": "it is called `strip`",
    "lowercase": "it is called `lower`", "uppercase": "it is called `upper`", "tolower": "it is called `lower`", "toupper": "it is called `upper`",
    "concat": "write `a + b`", "items": "it is called `entries`", "set": "it is called `unique`", "distinct": "it is called `unique`",
    "groupby": "it is called `group_by`", "regex": "it is called `matches`", "match": "it is called `matches`", "search": "it is called `find`",
    "mod": "write `a % b`", "div": "write `a // b`", "divmod": "write `a // b` and `a % b`", "head": "it is called `take`",
    "first": "write `xs[0]`, or `take(xs, n)`", "skip": "it is called `drop`", "strftime": 'write `format(day, as = "%Y-%m-%d")`',
    "now": "`run.started_at` is when the run began", "today": "`date(run.started_at)` is the day on which the run began",
    "cartesian": "it is called `product`", "basename": "write `file.name`", "filesize": "write `file.size`",
    "input": "declare an input of the pipeline", "wait": "a step waits for what it reads, and for `after x`",
}  # fmt: skip
"""Functions of other languages, and how the same is done."""

UNITS = {
    "Duration": {"m": "min", "M": "min", "mi": "min", "mins": "min", "minute": "min", "minutes": "min", "sec": "s", "secs": "s",
                 "second": "s", "seconds": "s", "S": "s", "H": "h", "hr": "h", "hrs": "h", "hour": "h", "hours": "h", "D": "d",
                 "day": "d", "days": "d", "W": "w", "week": "w", "weeks": "w", "millis": "ms", "msec": "ms"},
    "Size": {"k": "kB", "K": "kB", "m": "MB", "M": "MB", "g": "GB", "G": "GB", "t": "TB", "T": "TB", "p": "PB", "P": "PB",
             "ki": "KiB", "mi": "MiB", "gi": "GiB", "ti": "TiB", "pi": "PiB", "kb": "kB", "mb": "MB", "gb": "GB", "tb": "TB",
             "pb": "PB", "kib": "KiB", "mib": "MiB", "gib": "GiB", "tib": "TiB", "pib": "PiB", "b": "B", "bytes": "B", "byte": "B"},
    "Bandwidth": {"gbit": "Gbps", "mbit": "Mbps", "gbps": "Gbps", "mbps": "Mbps", "kbit": "kbps"},
}  # fmt: skip
"""Units as others write them. Of those that could mean two things, the setting beside them tells which."""

_SIZED = ("memory", "disk")

_NAME = re.compile(r"[A-Za-z_]\w*")
_QUANTITY = re.compile(r"(\$)?\s*(\d[\d_]*(?:\.\d+)?)\s*(\$|[A-Za-z]+)?")
_OPTIONAL = re.compile(r"[Oo]ptional\[([^\[\]]*(?:\[[^\[\]]*\])?[^\[\]]*)\]|([\w\[\], ?]+?)\s*\|\s*[Nn]one\b")


def type_in_edsl(written: str) -> str:
    """A type of another language as EDSL writes it: `dict[str, Optional[int]]` → `Map[String, Int?]`. Empty if it cannot."""
    text = _OPTIONAL.sub(lambda found: f"{(found[1] or found[2]).strip()}?", written)
    words = {word for word in _NAME.findall(text) if word[0].islower() or word.lower() in TYPES}
    if not words or any(word.lower() not in TYPES for word in words):
        return ""
    return _NAME.sub(lambda found: TYPES.get(found[0].lower(), found[0]), text)


def type_help(name: str) -> str:
    """What to write instead of a type, known or not."""
    if name.lower() in TYPES:
        return f"use `{TYPES[name.lower()]}`"
    return SHAPES.get(name.lower(), "")


def setting_help(name: str) -> str:
    """What to write instead of a setting; empty if nobody else calls anything so."""
    found = SETTINGS.get(name.lower(), "")
    return (f"write {found}" if found.startswith("`") else f"write `{found}`") if found else ""


def unit_in_edsl(word: str, setting: str = "") -> str:
    """A unit of others as EDSL writes it: `gb` → `GB`, `m` → `min`, or `MB` of `memory`. Empty if nobody has it."""
    for kind in ("Size", "Duration", "Bandwidth") if setting in _SIZED else ("Duration", "Size", "Bandwidth"):
        known = UNITS[kind]
        if found := known.get(word) or (known.get(word.lower()) if len(word) > 1 else None):
            return found
    return ""


def quantity_in_edsl(text: str, label: str) -> str:
    """A quantity written in a text by others as EDSL writes one of type `label`: `30m` → `30min`, `5$` → `$5`."""
    found = _QUANTITY.fullmatch(text.strip())
    if found is None:
        return ""
    number, unit = found[2] or "", (found[1] or found[3] or "").strip()
    if label == "Money":
        return f"${number}" if unit in ("$", "USD", "usd", "") else ""
    if label not in UNITS or not unit or unit == "$":
        return ""
    same = unit_in_edsl(unit, "memory" if label == "Size" else "")
    units = UNITS[label]
    if unit in units.values():
        return f"{number}{unit}"
    return f"{number}{same}" if same in units.values() else ""
