"""What ministack's services keep, taken out of their modules and put back.

Executed inside ministack's environment, beside serve.py. A service says itself what it would keep over a restart, in
`get_state`; `BESIDES` is what it keeps elsewhere, on disk or not at all, and what a cloud must not forget.
"""

from __future__ import annotations

import copy
from typing import Any

import invocations  # pyright: ignore[reportMissingImports]
import ministack.app as gateway  # pyright: ignore[reportMissingImports]
from ministack.services import lambda_svc, sqs  # pyright: ignore[reportMissingImports]

BESIDES = {
    "s3": (
        "_buckets",
        "_object_versions",
        "_object_tags",
        "_object_acl",
        "_object_annotations",
        "_object_retention",
        "_object_legal_hold",
        "_multipart_uploads",
        "_completed_multipart_uploads",
    ),
    "dynamodb": ("_txn_idempotency", "_stream_records", "_stream_trimmed", "_closed_streams"),
    "scheduler": ("_schedule_last_fired",),
    "eventbridge": ("_rule_last_fired",),
}
INVOCATIONS = "asynchronous invocations"


def taken() -> dict[str, Any]:
    """The state of every service that was used. For a process that is a copy and ends after this: nothing is copied
    once more, and nothing written."""
    copy.deepcopy = lambda x, *_: x  # pyright: ignore[reportAttributeAccessIssue]
    lambda_svc._externalize_code_zip = lambda *_: None
    lambda_svc._prune_orphan_code_blobs = lambda *_: None
    found = {}
    for key, get_state in gateway._build_persistence_save_dict().items():
        state = get_state()
        if state is not None:
            module = gateway._get_module(gateway._state_map[key])
            found[key] = (state, {name: getattr(module, name) for name in BESIDES.get(key, ())})
    if "lambda" in found:
        # In one part with the functions that they are of, so that each still is one and the same.
        found["lambda"][1][INVOCATIONS] = invocations.pending()
    return found


def put_back(parts: dict[str, Any]) -> None:
    """Into services that have just started. Mappings of queues and pending invocations do not begin yet: `resume`."""
    lambda_svc._poller_started = True
    for key, (state, besides) in parts.items():
        module = gateway._get_module(gateway._state_map[key])
        pending = besides.pop(INVOCATIONS, [])
        for name, store in besides.items():
            getattr(module, name).update(store)
        module.load_persisted_state(state)
        invocations.restore(pending)
    _give_messages_back()
    _activate_functions()


def resume() -> None:
    """Begin to hand out messages and to invoke, now that functions find an endpoint that answers."""
    lambda_svc._poller_started = False
    if lambda_svc._esms.has_any():
        lambda_svc._ensure_poller()
    invocations.resume()


def _give_messages_back() -> None:
    """Whoever had received a message is gone with the cloud, so it is there again at once. That it was delivered still
    counts: half of what was done about it may be in the saved state, and a second delivery says so."""
    for queue in sqs._queues._data.values():
        for message in queue["messages"]:
            if message.get("receive_count"):
                message["visible_at"] = 0


def _activate_functions() -> None:
    """A function becomes active half a second after it was made, by a thread that is gone."""
    for function in lambda_svc._functions._data.values():
        settings = function.get("config") or {}
        if settings.get("State") == "Pending" or settings.get("LastUpdateStatus") == "InProgress":
            settings |= {"State": "Active", "LastUpdateStatus": "Successful", "StateReason": "", "StateReasonCode": ""}
