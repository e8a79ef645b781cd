"""The rules by which the bucket removes what is not needed any more; they follow from `retention`."""

from __future__ import annotations

from pulumi_aws.s3 import BucketLifecycleConfigurationRuleArgsDict as Rule
from pulumi_aws.s3 import BucketLifecycleConfigurationRuleFilterArgsDict as Chosen

from econda_infra.retention import Retention

ARCHIVE_LEAST = 1024 * 1024
"""Bytes. Pins lie beside the archives and stay, so that packages are resolved once; they are far smaller."""

REWRITTEN = {"runs": "runs/", "snapshots": "snapshots/", "checkpoints": "work/"}
"""Written over many times an hour while a run goes on: nobody ever reads an old version."""


def rules(retention: Retention) -> list[Rule]:
    """Of the bucket of a team."""
    kept = {
        "runs": ("runs/", retention.runs),
        "checkpoints": ("work/", retention.checkpoints),
        "chunks": ("chunks/", retention.chunks),
        "live-logs": ("live/", retention.live_logs),
        # The broker's own is not among them: a quiet team's would be gone when it is needed.
        "snapshots": ("snapshots/run/", retention.snapshots),
        "messages": ("messages/", retention.messages),
    }
    found = [_expiring(name, {"prefix": prefix}, days) for name, (prefix, days) in kept.items() if days is not None]
    if retention.archives is not None:
        large: Chosen = {"and_": {"prefix": "environments/", "object_size_greater_than": ARCHIVE_LEAST}}
        found.append(_expiring("archives", large, retention.archives))
    for name, prefix in REWRITTEN.items():
        versions: Rule = {
            "id": f"old-versions-of-{name}",
            "status": "Enabled",
            "filter": {"prefix": prefix},
            "noncurrent_version_expiration": {"noncurrent_days": 1},
        }
        found.append(versions)
    rest: Rule = {
        "id": "old-versions",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "expiration": {"expired_object_delete_marker": True},
        "noncurrent_version_expiration": {"noncurrent_days": retention.old_versions},
        "abort_incomplete_multipart_upload": {"days_after_initiation": retention.unfinished},
    }
    return [*found, rest]


def _expiring(name: str, chosen: Chosen, days: int) -> Rule:
    return {"id": name, "status": "Enabled", "filter": chosen, "expiration": {"days": days}}
