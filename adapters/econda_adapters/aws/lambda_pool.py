"""The pool aws.lambda: chunks as asynchronous invocations of a function.

Asynchronous invocation ramps up by a thousand every ten seconds, where a queue's mapping starts with five
(AWS Lambda developer guide, "scaling behavior"), so a wide fan starts at once. The function is configured with no
retries and with the queue of events as its destination on failure: an invocation that dies comes back as a message.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from econda_adapters.aws.side_by_side import side_by_side
from econda_adapters.aws.stack import FunctionTarget
from econda_adapters.clock import now_ms
from econda_cloud.gateway.assigning import Assigner
from econda_cloud.wire.assignment import BadAssignment, encode_assignment, read_assignment
from econda_cloud.wire.chunk import Chunk
from econda_cloud.wire.commands import Dispatch
from econda_cloud.wire.events import ChunkDispatched, ChunkLost

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients


Invocation: TypeAlias = tuple[Dispatch, Chunk, FunctionTarget]
"""What to run, and where."""

WAITS_MS = 2 * 3_600_000
"""How long a token waits for its worker: Lambda itself keeps an invocation for less."""


class LambdaPool:
    """Raises botocore's `ClientError` if an invocation is not taken; those before it are."""

    def __init__(self, clients: Clients, assigner: Assigner) -> None:
        self._clients, self._assigner = clients, assigner

    def submit(self, work: Sequence[Invocation]) -> list[ChunkDispatched]:
        return side_by_side(self._invoke, work)

    def _invoke(self, work: Invocation) -> ChunkDispatched:
        command, chunk, target = work
        assignment = self._assigner.assign(chunk, now_ms(), inline=True, lasts_ms=WAITS_MS)
        answer = self._clients("lambda").invoke(
            FunctionName=target.function,
            InvocationType="Event",
            Payload=encode_assignment(assignment),
            # No environment of the function ever serves two namespaces.
            **({"TenantId": chunk.namespace} if target.per_tenant else {}),
        )
        return ChunkDispatched(chunk=command.chunk, handle=answer["ResponseMetadata"].get("RequestId") or "invoked")


def lost_invocation(body: dict[str, Any]) -> tuple[str, ChunkLost] | None:
    """The run and the lost chunk of a message that Lambda sent to the destination on failure; None for other bodies.

    A sandbox killed for memory says `signal: killed` (AWS Lambda developer guide, "invocation errors"): with one
    attempt in it we know whose fault that was, with several the chunk is only lost and each will run alone.
    """
    if "requestPayload" not in body:
        return None
    try:
        assignment = read_assignment(body["requestPayload"])
    except BadAssignment:
        return None
    answer = body.get("responsePayload")
    answer = answer if isinstance(answer, dict) else {}
    said = str(answer.get("errorMessage", "no reason given"))[:1_000]
    killed = answer.get("errorType") == "Runtime.ExitError" and "signal: killed" in said
    failure = "out_of_memory" if killed and assignment.size == 1 else "lost"
    about = body.get("requestContext")
    handle = str(about.get("requestId") or "") if isinstance(about, dict) else ""
    message = f"the function ended: {said}"
    return assignment.run, ChunkLost(chunk=assignment.chunk, failure=failure, message=message, handle=handle)
