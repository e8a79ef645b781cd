"""Submitting by upload, as any S3 client does it, and following what it starts."""

from __future__ import annotations

import getpass
import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from econda_adapters.aws.team import Team

from econda_cloud.cli.output import FAILED, stop
from econda_cloud.cli.packages import pinned
from econda_cloud.cli.source import Loaded, bind
from econda_cloud.cli.stores import Found, home_folder
from econda_cloud.cli.submissions import note_submission, stop_if_refused
from econda_cloud.run.state import RunState
from econda_cloud.submission.bundles import zip_files
from econda_cloud.submission.uploads import Upload
from econda_cloud.worker.pins import LOCK_NAME, write_lock

LOOK_S = 0.3
PATIENCE_S = 120.0
"""Seconds after which an upload that started nothing is given up."""


def upload(team: Team, loaded: Loaded, given: list[str], *, namespace: str, pipeline: str | None) -> str:
    """Put a bundle of the pipeline, its code, parameters and pins into the bucket; the name of the run it starts.

    Parameters and packages are checked here first, so that a mistake costs nothing. Ends the command if one is wrong.
    """
    bind(loaded, given)
    plan = pinned(loaded.plan, team.blobs)
    raw = {**loaded.params, **dict(pair.split("=", 1) for pair in given)}
    files = {"pipeline.edsl": loaded.source, **loaded.files}
    if raw:
        files["params.yaml"] = json.dumps(raw, default=str).encode()
    if plan.environments:
        files[LOCK_NAME] = write_lock({key: each.pins for key, each in plan.environments.items()})
    stem = Path(loaded.path).stem
    key = f"uploads/{namespace}/{stem}-{uuid.uuid4().hex[:8]}.zip"
    metadata = {"submitted-by": getpass.getuser(), **({"pipeline": pipeline} if pipeline else {})}
    bucket = team.stack.bucket
    answer = team.clients("s3").put_object(Bucket=bucket, Key=key, Body=zip_files(files), Metadata=metadata)
    uploaded = Upload(bucket, key, answer["VersionId"])
    run = uploaded.run(plan.name)
    note_submission(home_folder(), team, run, namespace, uploaded)
    return run


def follow(found: Found, progress: Callable[[RunState], None]) -> RunState:
    """Wait until the run has ended, telling its progress. Ends the command if it, or its upload, never starts."""
    history, begun = found.history(), time.monotonic()
    while True:
        state = history.refresh()
        if state is not None:
            progress(state)
            if state.outcome is not None:
                return state
        elif found.submitted is not None and found.store.team is not None:
            stop_if_refused(found.store.team, found.submitted)
        if state is None and time.monotonic() - begun > PATIENCE_S:
            reason = f"did not start within {PATIENCE_S:.0f} s; `econda dead-letters` shows what was given up"
            stop(f"error: {found.run} {reason}", FAILED)
        time.sleep(LOOK_S)
