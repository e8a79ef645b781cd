"""A run of a stack that uses the results of an earlier one, which has ended: done again, or of a pipeline that was changed since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from econda_edsl.plan import Plan

from econda_cloud.environments.archives import known_archives
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.schedule.results import Result, write_earlier
from econda_cloud.schedule.status import announce
from econda_cloud.schedule.stored_plans import store_plan
from econda_cloud.submission.bundles import pack_files
from econda_cloud.wire.events import RunStarted
from econda_cloud.wire.keys import bundle_key


@dataclass(frozen=True)
class Again:
    """What is run: a plan, and the run `follows` with the `results` that it uses, but not for the steps in `fresh`.

    Its code is `files`, or the archive `bundle` of the earlier run.
    """

    plan: Plan
    namespace: str
    params: dict[str, Any]
    follows: str
    results: Sequence[Result]
    fresh: tuple[str, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict)
    bundle: str | None = None


def again(blobs: BlobStore, what: Again, *, run: str, seed: int, user: str = "") -> RunStarted:
    """Store what the new run `run` needs; the event that starts it."""
    namespace = what.namespace
    plan = store_plan(blobs, namespace, run, what.plan)
    write_earlier(blobs, namespace, run, what.results)
    code = None
    if what.files:
        code = bundle_key(namespace, run)
        blobs.put(code, pack_files(what.files))
    elif what.bundle is not None:
        # Its own copy: the files of the earlier run are removed earlier.
        code = bundle_key(namespace, run)
        blobs.copy(what.bundle, code)
    announce(blobs, namespace, run, follows=what.follows)
    return RunStarted(
        run=run,
        namespace=namespace,
        plan=plan.digest,
        params=what.params,
        seed=seed,
        submitted_by=user,
        archives=known_archives(plan, blobs, namespace),
        bundle=code,
        reuse=what.follows,
        fresh=what.fresh,
    )
