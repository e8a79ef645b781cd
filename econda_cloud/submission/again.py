"""A run of a stack done again: a new run with the plan, code and parameters of one that has ended, which uses its results."""

from __future__ import annotations

from collections.abc import Sequence

from econda_edsl.plan import Plan

from econda_cloud.environments.archives import known_archives
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.run.state import RunState
from econda_cloud.schedule.results import Result, write_earlier
from econda_cloud.schedule.status import announce
from econda_cloud.schedule.stored_plans import store_plan
from econda_cloud.wire.events import RunStarted
from econda_cloud.wire.keys import bundle_key


def again(
    blobs: BlobStore,
    plan: Plan,
    before: RunState,
    results: Sequence[Result],
    *,
    run: str,
    seed: int,
    fresh: tuple[str, ...] = (),
    user: str = "",
) -> RunStarted:
    """Store what the new run `run` needs; the event that starts it. The steps in `fresh` use no result of `before`."""
    namespace = before.namespace
    plan = store_plan(blobs, namespace, run, plan)
    write_earlier(blobs, namespace, run, results)
    code = None
    if before.bundle is not None:
        # Its own copy: the files of the earlier run are removed earlier.
        code = bundle_key(namespace, run)
        blobs.copy(before.bundle, code)
    announce(blobs, namespace, run, follows=before.run)
    return RunStarted(
        run=run,
        namespace=namespace,
        plan=plan.digest,
        params=before.params,
        seed=seed,
        submitted_by=user,
        archives=known_archives(plan, blobs, namespace),
        bundle=code,
        reuse=before.run,
        fresh=fresh,
    )
