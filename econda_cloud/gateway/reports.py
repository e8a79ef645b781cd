"""Reports as workers send them, and what of them is believed: code of users may have written every word."""

from __future__ import annotations

from typing import Any

import msgspec

from econda_cloud.gateway.claims import Claimed
from econda_cloud.gateway.reach import Reach
from econda_cloud.gateway.requests import Refusal
from econda_cloud.wire.artifact_values import artifacts_in
from econda_cloud.wire.chunk import Build, Chunk, Report
from econda_cloud.wire.events import AttemptSucceeded
from econda_cloud.wire.keys import artifact_key, is_archive_key, is_digest

DEPTH_MOST = 100
"""Levels of lists and records in a value; deeper ones break readers that descend."""

OUTPUTS_MOST = 1_000_000
"""Bytes of one attempt's outputs as JSON; more is for a file."""

MESSAGE_MOST = 10_000
NAME_MOST = 255


class _About(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What the value of an artifact says, as workers write it. `size` in bytes."""

    kind: str
    name: str
    sha256: str
    size: int
    key: str
    packed: str = ""
    executable: bool = False


_decoder = msgspec.json.Decoder(list[Report])


def checked_reports(data: bytes, chunk: Chunk, reach: Reach, claimed: Claimed, now: int) -> list[Report]:
    """The reports, with the handle that made them and times that can be true. Raises `Refusal` (422)."""
    try:
        reports = _decoder.decode(data)
    except RecursionError:
        raise _too_deep() from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Refusal(422, f"these are no reports: {error}", "send AttemptSucceeded and AttemptFailed") from None
    known = {(item.instance, item.attempt) for item in chunk.items}
    return [_checked(report, known, chunk, reach, claimed, now) for report in reports]


def _checked(
    report: Report, known: set[tuple[str, int]], chunk: Chunk, reach: Reach, claimed: Claimed, now: int
) -> Report:
    if (report.instance, report.attempt) not in known:
        named = f"attempt {report.attempt} of {report.instance[:NAME_MOST]}"
        raise Refusal(422, f"{named} is not of this chunk", "report the attempts that the chunk's document names")
    _check_log(report.log, reach)
    started = min(max(report.started_ms, claimed.since_ms), now)
    common = {
        "handle": claimed.handle,
        "started_ms": started,
        "ended_ms": min(max(report.ended_ms, started), now),
    }
    if isinstance(report, AttemptSucceeded):
        _check_outputs(report.outputs, chunk, reach)
        return msgspec.structs.replace(report, **common)
    return msgspec.structs.replace(report, message=report.message[:MESSAGE_MOST], **common)


def _check_log(log: str, reach: Reach) -> None:
    key, _, span = log.rpartition("#")
    start, plus, length = span.partition("+")
    if log and not (reach.is_log(key) and plus and start.isdecimal() and length.isdecimal()):
        raise Refusal(422, f"the log {log[:NAME_MOST]} is not one of this chunk", "send the log along with the report")


def _check_outputs(outputs: dict[str, Any], chunk: Chunk, reach: Reach) -> None:
    if set(outputs) != set(chunk.task.outputs):
        wrong = ", ".join(sorted(set(outputs) ^ set(chunk.task.outputs)))[:NAME_MOST]
        raise Refusal(
            422, f"outputs are missing or not declared: {wrong}", "report every declared output, and no other"
        )
    if _deeper(outputs, DEPTH_MOST):
        raise _too_deep()
    size = len(msgspec.json.encode(outputs))
    if size > OUTPUTS_MOST:
        message = f"the outputs take {size} bytes as values, at most {OUTPUTS_MOST} do"
        raise Refusal(422, message, "return what is large as a File")
    for about in artifacts_in(outputs):
        _check_artifact(about, chunk, reach)
    if isinstance(chunk.task.run, Build) and not is_archive_key(str(outputs["archive"]), chunk.namespace):
        raise Refusal(
            422, "the archive is none of this namespace", "store it where the gateway lets archives be stored"
        )


def _check_artifact(value: dict[str, Any], chunk: Chunk, reach: Reach) -> None:
    """It lies where this namespace's files lie, under its own hash; or is the very input that the chunk was given."""
    try:
        about = msgspec.convert(value, _About)
    except msgspec.ValidationError:
        about = None
    if about is None or not is_digest(about.sha256) or about.size < 0 or len(about.name) > NAME_MOST:
        raise Refusal(422, f"an artifact is described wrongly: {str(value)[:NAME_MOST]}", "let the worker store files")
    own = artifact_key(chunk.namespace, about.sha256), reach.unchecked(about.sha256)
    given = reach.inputs.get(about.key, {}).get("sha256") == about.sha256 and reach.may_read(about.key)
    if about.key not in own and not given and not reach.is_packed(about.key, about.size):
        message = f"the artifact {about.key[:NAME_MOST]} is none that this chunk has made or was given"
        raise Refusal(422, message, "let the worker store files; values cannot name blobs of others")


def _deeper(value: Any, most: int) -> bool:
    waiting = [(value, 1)]
    while waiting:
        each, depth = waiting.pop()
        if isinstance(each, dict):
            waiting.extend((inner, depth + 1) for inner in each.values())
        elif isinstance(each, list):
            waiting.extend((inner, depth + 1) for inner in each)
        else:
            continue
        if depth > most:
            return True
    return False


def _too_deep() -> Refusal:
    return Refusal(422, f"a value is nested more than {DEPTH_MOST} deep", "return flatter values, or a File")
