"""From how a process ended to what Batch says about the attempt. Pure."""

from __future__ import annotations

from econda_local.batch.model import AttemptEnd
from econda_local.batch.names import Place
from econda_local.batch.process import Cause, Ending

EXITED = "Essential container in task exited"
TIMED_OUT = "Job attempt duration exceeded timeout"
OUT_OF_MEMORY = "OutOfMemoryError: Container killed due to memory usage"
OUT_OF_MEMORY_CODE = 137


def instance_id(task: str) -> str:
    """The made-up EC2 instance an attempt runs on."""
    return f"i-0{task[:16]}"


def attempt_end(
    place: Place, ending: Ending, task: str, environment: str, stream: str, started_at: int, stopped_at: int
) -> AttemptEnd:
    """The attempt's record; the status reasons are AWS's own texts, for retry strategies match on them."""
    status_reason, reason, code = EXITED, None, ending.exit_code
    match ending.cause:
        case Cause.TIMED_OUT:
            status_reason = TIMED_OUT
        case Cause.OUT_OF_MEMORY:
            status_reason, reason, code = OUT_OF_MEMORY, OUT_OF_MEMORY, OUT_OF_MEMORY_CODE
        case Cause.HOST_LOST:
            status_reason, code = f"Host EC2 (instance {instance_id(task)}) terminated.", None
        case Cause.NEVER_STARTED:
            status_reason, reason = "Task failed to start", f"CannotStartContainerError: {ending.problem}"
        case Cause.EXITED | Cause.TERMINATED:
            pass
    return AttemptEnd(
        started_at=started_at,
        stopped_at=stopped_at,
        succeeded=ending.cause is Cause.EXITED and code == 0,
        exit_code=code,
        status_reason=status_reason,
        reason=reason,
        log_stream=stream,
        task_arn=place.ecs("task", f"AWSBatch-{environment}/{task}"),
        instance_arn=place.ecs("container-instance", f"AWSBatch-{environment}/{task[::-1]}"),
        final=ending.cause is Cause.TIMED_OUT,
    )
