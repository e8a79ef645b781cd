"""Outputs of a run of this machine published: to a folder, or to S3 with the credentials of whoever runs it."""

from __future__ import annotations

from pathlib import Path

from econda_edsl.words.places import is_bucket

from econda_cloud.ports.blobs import BlobStore
from econda_cloud.publishing.outputs import NotWritten, write_outputs
from econda_cloud.run.state import RunState
from econda_cloud.wire.events import Published


def publish_here(blobs: BlobStore, state: RunState, to: str) -> Published:
    """Copy the outputs of a run that has succeeded. A folder is relative to where the run is carried on. Raises nothing."""
    outputs = state.outcome.outputs if state.outcome is not None else {}
    if is_bucket(to):
        from econda_adapters.aws.publishing import publish_from_here

        return publish_from_here(to, outputs, blobs, state.namespace)
    folder = Path.cwd() / to
    try:
        written = write_outputs(outputs, blobs, folder, state.finished_ms)
    except NotWritten as error:
        return Published(to=str(folder), error=str(error))
    return Published(to=str(folder), files={name: str(path) for name, path in written.items()})
