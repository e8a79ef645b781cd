"""Submitting by upload, as any S3 client does it."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

from econda_adapters.aws.team import Team
from econda_adapters.embedded.runner import Follow
from econda_edsl.parameters.given import Given
from econda_edsl.parameters.texts import written_params

from econda_cloud.cli.language.packages import pinned
from econda_cloud.cli.language.source import Loaded, kept_params
from econda_cloud.cli.runs.following import start_again
from econda_cloud.cli.runs.places import home_folder, user_name
from econda_cloud.cli.runs.stores import Store
from econda_cloud.cli.stack.submissions import note_submission
from econda_cloud.environments.pins import LOCK_NAME, write_lock
from econda_cloud.submission.again import Again
from econda_cloud.submission.bundles import zip_files
from econda_cloud.submission.uploads import Upload


def resubmit(store: Store, loaded: Loaded, given: dict[str, Given], before: Follow, *, namespace: str) -> str:
    """Start a run that uses the results of an earlier one of the same file wherever nothing has changed; its name.

    It is handed to the stack as it is: an upload cannot say what it follows. Ends the command like `upload`.
    """
    values = kept_params(loaded, given, store.blobs, namespace, store.team.clients if store.team else None)
    plan = pinned(loaded.plan, store.blobs, namespace)
    files = {name: data for name, data in loaded.files.items() if name in plan.code}
    return start_again(store, Again(plan, namespace, values, before.run, before.results, files=files)).run


def upload(team: Team, loaded: Loaded, given: dict[str, Given], *, namespace: str, pipeline: str | None) -> str:
    """Put a bundle of the pipeline, its code, parameters and pins into the bucket; the name of the run it starts.

    Parameters and packages are checked here first, so that a mistake costs nothing. Ends the command if one is wrong.
    """
    values = kept_params(loaded, given, team.blobs, namespace, team.clients)
    plan = pinned(loaded.plan, team.blobs, namespace)
    files = {"pipeline.edsl": loaded.source, **loaded.files}
    if given:
        # As they are bound here, whatever they were written in.
        files["params.json"] = json.dumps(written_params(plan, {name: values[name] for name in given})).encode()
    if plan.environments:
        files[LOCK_NAME] = write_lock({key: each.pins for key, each in plan.environments.items()})
    stem = Path(loaded.path).stem
    key = f"uploads/{namespace}/{stem}-{uuid.uuid4().hex[:8]}.zip"
    metadata = {"submitted-by": _ascii(user_name()), **({"pipeline": pipeline} if pipeline else {})}
    bucket = team.stack.bucket
    answer = team.clients("s3").put_object(Bucket=bucket, Key=key, Body=zip_files(files), Metadata=metadata)
    uploaded = Upload(bucket, key, answer["VersionId"])
    run = uploaded.run(plan.name)
    note_submission(home_folder(), team, run, namespace, uploaded)
    return run


def _ascii(text: str) -> str:
    """As metadata of S3 can hold it."""
    return text.encode("ascii", "backslashreplace").decode()
