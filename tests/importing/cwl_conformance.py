"""CWL's own conformance tests, each imported and run: `python -m tests.importing.cwl_conformance FOLDER [ID…]`.

FOLDER holds `conformance_tests.yaml` and `tests/` of the CWL 1.2 specification. Every test ends as one of: passed; refused (the importer
said what it cannot carry over, or the program what it cannot compile); wrong (another result without a word).
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ASSUMED = ("without a bound",)
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
    if part not in ("", "main"):
        return "refused", "a part of a packed document that is not #main"
    done = _econda(work, "import", str(folder / tool), "--from", "cwl", "-o", "out", "--json")
    if done.returncode not in (0, 5):
        return ("passed" if fails else "refused"), _last(done)
    report = json.loads(done.stdout)
    gaps = [each for each in report["gaps"] if not any(word in each["what"] for word in ASSUMED)]
    (work / "job.json").write_text(json.dumps(_params(folder, test.get("job"))))
    ran = _econda(work, "run", report["files"][0], "--params", "job.json", "--json", "--output", "results")
    if ran.returncode != 0:
        if fails:
            return "passed", ""
        if gaps:
            return "refused", gaps[0]["what"]
        return ("refused" if ran.returncode in (2, 3) else "wrong"), _last(ran)
    if fails:
        return ("refused", gaps[0]["what"]) if gaps else ("wrong", "it should have failed")
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


def _params(folder: Path, job: Any) -> Any:
    """A job's values as parameters: files by their path."""
    import yaml

    if job is None:
        return {}
    path = folder / str(job)

    def plain(value: Any) -> Any:
        if isinstance(value, dict) and value.get("class") in ("File", "Directory"):
            return str(path.parent / str(value.get("location") or value.get("path")).removeprefix("file://"))
        if isinstance(value, dict):
            return {key: plain(each) for key, each in value.items() if not key.startswith(("cwl:", "$"))}
        return [plain(each) for each in value] if isinstance(value, list) else value

    return plain(yaml.safe_load(path.read_text()))


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
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(lambda test: outcome(folder, test), tests))
    for test, (ending, why) in zip(tests, outcomes):
        if ending != "passed" or only:
            print(f"{ending:8} {test['id']}: {why}")
    for name, chosen in (("all", tests), ("required", [each for each in tests if "required" in each["tags"]])):
        count = Counter(ending for test, (ending, _) in zip(tests, outcomes) if test in chosen)
        print(
            f"{name}: {len(chosen)} tests, "
            + ", ".join(f"{count[each]} {each}" for each in ("passed", "refused", "wrong"))
        )


if __name__ == "__main__":
    main()
