"""The pool aws.lambda: chunks as asynchronous invocations of a function.

Asynchronous invocation ramps up by a thousand every ten seconds, where a queue's mapping starts with five
(AWS Lambda developer guide, "scaling behavior"), so a wide fan starts at once. The function is configured with no
retries and with the queue of events as its destination on failure: an invocation that dies comes back as a message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from econda_adapters.aws.assignment import assign, decode_assignment, encode_assignment
from econda_adapters.aws.stack import FunctionTarget
from econda_cloud.ports.blobs import BlobStore
from econda_cloud.ports.pool import Accepted
from econda_cloud.wire.chunk import Chunk
from econda_cloud.wire.commands import Dispatch
from econda_cloud.wire.events import ChunkLost

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients


class LambdaPool:
    """Raises botocore's `ClientError` if an invocation is not taken."""

    def __init__(self, clients: Clients, blobs: BlobStore) -> None:
        self._clients, self._blobs = clients, blobs

    def invoke(self, command: Dispatch, chunk: Chunk, target: FunctionTarget, *, lone: bool = False) -> Accepted:
        """Hand a chunk over. lone: whoever runs it may go on with what its result makes ready."""
        del command
        payload = encode_assignment(assign(chunk, self._blobs, inline=True, lone=lone))
        self._clients("lambda").invoke(FunctionName=target.function, InvocationType="Event", Payload=payload)
        return Accepted()


def lost_invocation(body: dict[str, Any]) -> tuple[str, ChunkLost] | None:
    """The run and the lost chunk of a message that Lambda sent to the destination on failure; None for other bodies.

    A sandbox killed for memory says `signal: killed` (AWS Lambda developer guide, "invocation errors"): with one
    attempt in it we know whose fault that was, with several the chunk is only lost and each will run alone.
    """
    if "requestPayload" not in body:
        return None
    try:
        assignment = decode_assignment(body["requestPayload"])
    except msgspec.ValidationError:
        return None
    answer = body.get("responsePayload")
    answer = answer if isinstance(answer, dict) else {}
    said = str(answer.get("errorMessage", "no reason given"))[:1_000]
    killed = answer.get("errorType") == "Runtime.ExitError" and "signal: killed" in said
    failure = "out_of_memory" if killed and assignment.size == 1 else "lost"
    return assignment.run, ChunkLost(chunk=assignment.chunk, failure=failure, message=f"the function ended: {said}")
