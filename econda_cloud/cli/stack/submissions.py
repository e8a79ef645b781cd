"""Notes of what was submitted from here: a run has a name at once, but a log only once the stack has begun it."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
from econda_adapters.aws.deployed import team_folder
from econda_adapters.aws.team import Team

from econda_cloud.cli.output import NOT_COMPILED, stop
from econda_cloud.submission.uploads import Upload


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """`at_ms`: when, in ms since the epoch."""

    run: str
    team: str
    namespace: str
    key: str
    version: str
    at_ms: int


def _folder(home: Path, team: str) -> Path:
    return team_folder(home, team) / "submitted"


def note_submission(home: Path, team: Team, run: str, namespace: str, upload: Upload) -> None:
    """Remember an upload until its run has begun."""
    about = Submission(
        run=run,
        team=team.stack.team,
        namespace=namespace,
        key=upload.key,
        version=upload.version,
        at_ms=time.time_ns() // 1_000_000,
    )
    folder = _folder(home, about.team)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{run}.json").write_bytes(msgspec.json.encode(about))


def submissions(home: Path, team: str) -> list[Submission]:
    """What was submitted to a team and has not been seen to begin, oldest first."""
    found = []
    for path in _folder(home, team).glob("*.json"):
        try:
            found.append(msgspec.json.decode(path.read_bytes(), type=Submission))
        except (OSError, msgspec.DecodeError):
            continue
    return sorted(found, key=lambda each: each.at_ms)


def forget_submission(home: Path, team: str, run: str) -> None:
    """Its run has begun, or never will."""
    (_folder(home, team) / f"{run}.json").unlink(missing_ok=True)


def stop_if_refused(team: Team, submission: Submission) -> None:
    """End the command with the errors that lie beside the upload, if there are any."""
    try:
        text = team.blobs.get(Upload(team.stack.bucket, submission.key, submission.version).errors_key)
    except KeyError:
        return
    stop(text.decode().rstrip("\n"), NOT_COMPILED)
