"""What a stack removes by itself, and when: rules of the bucket, items of the table, and what settings are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from econda_adapters.aws.dynamodb_log import EXPIRES
from econda_adapters.aws.stack import Stack
from econda_infra.retention import Retention
from econda_infra.settings import Settings

from econda_cloud.wire import keys
from tests.unit.infra.recording import Program, recorded


def rules_of(program: Program) -> dict[str, dict[str, Any]]:
    (configuration,) = program.of("BucketLifecycleConfiguration").values()
    assert configuration["bucket"] == program.of("Bucket")["econda-vision-bucket"]["bucket"]
    assert {rule["status"] for rule in configuration["rules"]} == {"Enabled"}
    return {rule["id"]: rule for rule in configuration["rules"]}


def removed_after(program: Program, key: str, size: int = 1_000) -> int | None:
    """Days after which the bucket removes an object of this key."""
    found = []
    for rule in rules_of(program).values():
        chosen = rule["filter"].get("and", rule["filter"])
        large = size > chosen.get("objectSizeGreaterThan", -1)
        if key.startswith(chosen["prefix"]) and large and "days" in rule.get("expiration", {}):
            found.append(rule["expiration"]["days"])
    return min(found, default=None)


EXPIRING = {
    keys.status_key("n", "r"): 400,
    keys.plan_key("n", "r"): 400,
    keys.log_key("n", "r", "c"): 400,
    keys.log_part_key(keys.log_key("n", "r", "c"), 3): 400,
    keys.checkpoint_key("n", "r", "i"): 30,
    keys.checkpoint_slots(keys.checkpoint_key("n", "r", "i"))[1]: 30,
    keys.chunk_key("n", "r", "c"): 90,
    keys.live_log_prefix("n", "r", "i", 1) + "0": 15,
    "snapshots/run/r": 30,
    "messages/d.json": 30,
}
KEPT = ("uploads/n/p.edsl", keys.artifact_key("n", "d"), keys.state_prefix("n", "o", "k") + "/current.json",
        "snapshots/ledger/t", "stack/pools.json", keys.policy_key("d"), "records/run/r/d", "cache/n/results/aa/a.json")  # fmt: skip


def test_objects_go_after_as_many_days_as_is_stated(program: Program) -> None:
    assert {key: removed_after(program, key) for key in EXPIRING} == EXPIRING
    assert {key: removed_after(program, key) for key in KEPT} == dict.fromkeys(KEPT)


def test_archives_go_and_the_pins_beside_them_stay(program: Program) -> None:
    prefix = keys.environments_prefix("n")
    assert removed_after(program, f"{prefix}{'a' * 64}.tar", 50_000_000) == 180
    assert removed_after(program, f"{prefix}resolved/e.json", 200_000) is None


def test_old_versions_go_soon_and_those_of_uploads_outlive_their_queue(program: Program) -> None:
    rules = rules_of(program)
    assert rules["old-versions"]["filter"] == {"prefix": ""}
    assert rules["old-versions"]["noncurrentVersionExpiration"] == {"noncurrentDays": 15}
    assert rules["old-versions"]["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}
    assert rules["old-versions"]["expiration"] == {"expiredObjectDeleteMarker": True}
    soon = [rule["filter"]["prefix"] for rule in rules.values()
            if rule.get("noncurrentVersionExpiration") == {"noncurrentDays": 1}]  # fmt: skip
    assert sorted(soon) == ["runs/", "snapshots/", "work/"]
    queue = program.of("Queue")["econda-vision-uploads"]
    assert queue["messageRetentionSeconds"] < 15 * 86_400


def test_the_table_forgets_claims_and_can_be_restored_but_not_removed(program: Program, on_aws: Settings) -> None:
    (table,) = program.of("Table").values()
    assert table["ttl"] == {"attributeName": EXPIRES, "enabled": True}
    assert table["pointInTimeRecovery"] == {"enabled": True}
    assert table["deletionProtectionEnabled"] is True
    assert on_aws.protected


def test_days_can_be_chosen_and_reach_who_writes(on_aws: Settings, tmp_path: Path) -> None:
    chosen = Retention(runs=None, checkpoints=3, claims=20, archives=None)
    program = recorded(msgspec.structs.replace(on_aws, retention=chosen, protected=False), tmp_path)
    assert removed_after(program, keys.status_key("n", "r")) is None
    assert removed_after(program, keys.checkpoint_key("n", "r", "i")) == 3
    assert removed_after(program, f"environments/n/{'a' * 64}.tar", 50_000_000) is None
    (table,) = program.of("Table").values()
    assert table["deletionProtectionEnabled"] is False
    variables = program.of("Function")["econda-vision-schedule"]["environment"]["variables"]
    stack = Stack.from_environment(variables)
    assert (stack.claims_days, stack.runs_days) == (20, 0)


@pytest.mark.parametrize(
    "days", [{"messages": 14}, {"chunks": 1}, {"claims": 1}, {"old_versions": 14}, {"archives": 30}, {"runs": 1}]
)
def test_days_that_would_break_running_work_are_refused(days: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=rf"`{next(iter(days))}` are kept .* at least"):
        Retention(**days)  # pyright: ignore[reportArgumentType]
