"""CWL's own conformance tests, each imported and run: `python -m tests.importing.cwl_conformance FOLDER [ID…]`.

FOLDER holds `conformance_tests.yaml` and `tests/` of the CWL 1.2 specification. Every test ends as one of: passed; refused (the importer
said what it cannot carry over, or the program what it cannot compile); wrong (another result without a word).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import unquote

ASSUMED = ("without a bound", "hint, and was left out", "formats of files are not checked")
"""What a report says that changes no result of these tests."""


def outcome(folder: Path, test: dict[str, Any]) -> tuple[str, str]:
    """How a test ends, and why."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        try:
            return _outcome(folder, test, Path(name))
        except (OSError, ValueError, LookupError, AttributeError, subprocess.TimeoutExpired) as error:
            return "wrong", f"{type(error).__name__}: {error}"[:200]


def _outcome(folder: Path, test: dict[str, Any], work: Path) -> tuple[str, str]:
    fails = bool(test.get("should_fail"))
    tool, _, part = str(test["tool"]).partition("#")
    job = (folder / str(test["job"])).read_text() if test.get("job") else ""
    if "cwl:requirements" in job:
        return "refused", "requirements in a job: parameters are values only"
    if "secondaryFiles" in job:
        return "refused", "secondary files of a job: a File is one file"
    chosen = ["--part", part] if part else []
    done = _econda(work, "import", str(folder / tool), "--from", "cwl", "-o", "out", "--json", *chosen)
    if done.returncode not in (0, 5):
        return ("passed" if fails else "refused"), _last(done)
    report = json.loads(done.stdout)
    gaps = [each for each in report["gaps"] if not any(word in f"{each['what']} {each['why']}" for word in ASSUMED)]
    given = _params(folder, test.get("job"), work)
    for _ in range(len(given) + 1):
        (work / "job.json").write_text(json.dumps(given))
        ran = _econda(work, "run", report["files"][0], "--params", "job.json", "--json", "--output", "results")
        # What a job gives beyond the inputs, other systems pass over.
        extra = re.search(r"parameter `(\w+)` is not known", ran.stdout + ran.stderr)
        if extra is None or extra[1] not in given:
            break
        del given[extra[1]]
    if ran.returncode != 0:
        if fails:
            return "passed", ""
        if gaps:
            return "refused", gaps[0]["what"]
        return ("refused" if ran.returncode in (2, 3) else "wrong"), _last(ran)
    if fails:
        told = report["gaps"]
        return ("refused", told[0]["what"]) if told else ("wrong", "it should have failed")
    found = json.loads(ran.stdout)["outputs"]
    for key, wanted in (test.get("output") or {}).items():
        value = found.get(key, found.get(f"{key}_"))
        if (why := _differs(wanted, value, work)) is not None:
            return ("refused", gaps[0]["what"]) if gaps else ("wrong", f"{key}: {why}")
    return "passed", ""


def _econda(work: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ECONDA_HOME": str(work / "home"), "NO_COLOR": "1"}
    command = [sys.executable, "-c", "from econda_cloud.cli import main; main()", *words]
    return subprocess.run(command, cwd=work, env=environment, capture_output=True, text=True, timeout=120, check=False)


def _last(done: subprocess.CompletedProcess[str]) -> str:
    return (
        ((done.stdout if "error" in done.stdout[:20] else done.stderr) or done.stdout).strip().replace("\n", " ")[:300]
    )


def _params(folder: Path, job: Any, work: Path) -> Any:
    """A job's values as parameters, under the names that the import gave them: files by their path, those that are only
    described made.
    """
    import yaml
    from econda_edsl.writing.naming import Names

    if job is None:
        return {}
    path = folder / str(job)

    def found(value: Any) -> Path | None:
        place = value.get("path") or value.get("location")
        return None if place is None else path.parent / unquote(str(place).removeprefix("file://"))

    def made(value: Any, at: Path) -> Path:
        at.parent.mkdir(parents=True, exist_ok=True)
        there = found(value)
        if value["class"] == "File":
            at.write_bytes(value["contents"].encode() if there is None else there.read_bytes())
        elif there is not None:
            shutil.copytree(there, at)
        else:
            at.mkdir()
            for each in value.get("listing", ()):
                inner = found(each)
                made(each, at / (each.get("basename") or (inner.name if inner else "literal")))
        return at

    def plain(value: Any) -> Any:
        if isinstance(value, dict) and value.get("class") in ("File", "Directory"):
            there = found(value)
            if there is not None and not value.get("listing"):
                return str(there)
            number = len(list(work.glob("literal*")))
            return str(made(value, work / f"literal{number}" / (value.get("basename") or "literal")))
        if isinstance(value, dict):
            return {key: plain(each) for key, each in value.items() if not key.startswith(("cwl:", "$"))}
        return [plain(each) for each in value] if isinstance(value, list) else value

    return {Names().keep(key, "input"): each for key, each in plain(yaml.safe_load(path.read_text())).items()}


def _differs(wanted: Any, found: Any, work: Path) -> str | None:
    if isinstance(wanted, dict) and wanted.get("class") in ("File", "Directory"):
        about = found.get("$artifact") if isinstance(found, dict) else None
        if about is None:
            return f"{found!r:.80} is no file"
        name = wanted.get("basename") or str(wanted.get("location", "Any")).rpartition("/")[2]
        if name not in ("Any", about["name"]) and wanted["class"] == "File":
            return f"is called {about['name']}, not {name}"
        if "checksum" in wanted:
            data = (work / "home" / "embedded" / "blobs" / about["key"]).read_bytes()
            if f"sha1${hashlib.sha1(data).hexdigest()}" != wanted["checksum"]:
                return f"has another content: {data[:80]!r}"
        return None
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        return next((why for one, other in zip(wanted, found) if (why := _differs(one, other, work)) is not None), None)
    if isinstance(wanted, dict) and isinstance(found, dict):
        return next(
            (why for key, one in wanted.items() if (why := _differs(one, found.get(key), work)) is not None), None
        )
    if isinstance(wanted, int | float) and isinstance(found, float):
        # A double has no more digits, however it is written.
        wanted = float(wanted)
    return None if wanted == "Any" or wanted == found else f"{found!r:.100}, not {wanted!r:.100}"


ARGUMENTS = """import json, os, sys

with open("cwl.output.json", "w") as told:
    json.dump({"args": [os.path.basename(each) for each in sys.argv[1:]]}, told)
"""
"""What the tests' `args.py` does, which tells the words of a command line."""


def _with_programs(folder: Path) -> Path:
    """A copy of the suite with the program that many of its documents start."""
    copy = Path(tempfile.mkdtemp(prefix="cwl-")) / "suite"
    shutil.copytree(folder, copy)
    if not (copy / "tests" / "args.py").exists():
        (copy / "tests" / "args.py").write_text(ARGUMENTS)
    return copy


def main() -> None:
    import yaml

    folder, only = _with_programs(Path(sys.argv[1])), set(sys.argv[2:])
    tests = [each for each in yaml.safe_load((folder / "conformance_tests.yaml").read_text()) if "tool" in each]
    tests = [each for each in tests if not only or each["id"] in only]
    outcomes: list[tuple[str, str]] = []
    with ThreadPoolExecutor(2) as pool:
        for test, (ending, why) in zip(tests, pool.map(lambda test: outcome(folder, test), tests)):
            outcomes.append((ending, why))
            if ending != "passed" or only:
                print(
                    f"{len(outcomes):3} of {len(tests)}  {ending:8} {test['id']}: {' '.join(why.split())}", flush=True
                )
    for name, chosen in (("all", tests), ("required", [each for each in tests if "required" in each["tags"]])):
        count = Counter(ending for test, (ending, _) in zip(tests, outcomes) if test in chosen)
        print(
            f"{name}: {len(chosen)} tests, "
            + ", ".join(f"{count[each]} {each}" for each in ("passed", "refused", "wrong"))
        )


if __name__ == "__main__":
    main()
