"""The driver aws.lambda: chunks as asynchronous invocations of a function.

Asynchronous invocation ramps up by a thousand every ten seconds, where a queue's mapping starts with five
(AWS Lambda developer guide, "scaling behavior"), so a wide fan starts at once. The function is configured with no
retries and with the queue of events as its destination on failure: an invocation that dies comes back as a message.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from econda_adapters.aws.refusals import answer_to, why_away
from econda_adapters.aws.side_by_side import side_by_side
from econda_adapters.aws.stack import FunctionTarget
from econda_cloud.money.prices import Price
from econda_cloud.money.snapshot import FREE_DISK_MIB, lambda_price
from econda_cloud.ports.pool import (
    Accepted,
    Answer,
    AtMost,
    Capabilities,
    Capacity,
    JobState,
    Refused,
    Submission,
    Targets,
    Unknown,
)
from econda_cloud.wire.assignment import BadAssignment, read_assignment
from econda_cloud.wire.events import ChunkLost

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients


ASSIGNMENT_MOST = 250_000
"""Bytes of an asynchronous invocation: 1 MB now, 256 KB in regions that have not heard of it;
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

LONGEST_MS = 900_000
REFUSALS = (
    "ResourceNotFoundException",
    "RequestTooLargeException",
    "InvalidParameterValueException",
    "InvalidRequestContentException",
    "UnsupportedMediaTypeException",
    "ValidationException",
)
"""What Lambda says of an invocation that it will never take."""


class LambdaDriver:
    """A pool of functions. Handles are the ids of invocations, which nobody can be asked about: whoever waits for one
    hears from its worker, from the function's destination on failure, or not at all.
    """

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def capabilities(self) -> Capabilities:
        return Capabilities(
            kinds=("python", "shell"),
            max_time_ms=LONGEST_MS,
            assignment_most=ASSIGNMENT_MOST,
            describes=False,
            cancels="never",
        )

    def capacity(self, targets: Targets) -> dict[str, Capacity]:
        return {offer: self._concurrency(raw) for offer, raw in targets.items()}

    def prices(self, targets: Targets) -> dict[str, Price]:
        return {offer: self._price(raw) for offer, raw in targets.items()}

    def submit(self, batch: Sequence[Submission]) -> list[Answer]:
        return side_by_side(self._submit, batch)

    def describe(self, handles: Sequence[str]) -> list[JobState]:
        return [Unknown("Lambda tells nothing of an invocation")] * len(handles)

    def cancel(self, handle: str, members: Sequence[int] | None = None) -> None:
        """Nothing can be done: the worker asks whether it is still wanted."""

    def _submit(self, submission: Submission) -> Answer:
        if submission.image is not None:
            return Refused("a function runs no image of a task")
        if len(submission.assignment) > ASSIGNMENT_MOST:
            return Refused(f"its assignment has {len(submission.assignment)} bytes; a function takes {ASSIGNMENT_MOST}")
        try:
            target = msgspec.json.decode(submission.target, type=FunctionTarget)
            tenant = {"TenantId": submission.namespace} if target.tenancy else {}
            answer = self._clients("lambda").invoke(
                FunctionName=target.function, InvocationType="Event", Payload=submission.assignment, **tenant
            )
        except Exception as error:
            return answer_to(error, REFUSALS)
        return Accepted(answer["ResponseMetadata"].get("RequestId") or "invoked")

    def _concurrency(self, raw: msgspec.Raw) -> Capacity:
        """What is reserved for the function, or else the account's; how much of it is in use, Lambda does not tell."""
        try:
            function = msgspec.json.decode(raw, type=FunctionTarget).function
            found = self._clients("lambda").get_function_concurrency(FunctionName=function)
            reserved = found.get("ReservedConcurrentExecutions")
            if reserved is not None:
                return AtMost(slots=reserved)
            limits = self._clients("lambda").get_account_settings()["AccountLimit"]
            return AtMost(slots=limits.get("UnreservedConcurrentExecutions", limits.get("ConcurrentExecutions")))
        except Exception as error:
            return Unknown(why_away(error))

    def _price(self, raw: msgspec.Raw) -> Price:
        """The list price for the size that the function has now."""
        try:
            function = msgspec.json.decode(raw, type=FunctionTarget).function
            found = self._clients("lambda").get_function_configuration(FunctionName=function)
        except Exception:
            return Price(known=False)
        return lambda_price(found["MemorySize"], found.get("EphemeralStorage", {}).get("Size", FREE_DISK_MIB))


def driver(targets: Targets, clients: Clients) -> LambdaDriver:
    """Every submission brings its target along, so those of the pool are not needed."""
    del targets
    return LambdaDriver(clients)


class InvocationLost(msgspec.Struct, frozen=True, kw_only=True):
    """An invocation that ended badly. handle: as it was accepted; request: the assignment, parsed, which holds a token.

    killed: the sandbox was, for its memory as a rule; whose fault that was is known if one attempt was in it.
    """

    handle: str
    request: dict[str, Any]
    killed: bool
    message: str


def invocation_lost(body: dict[str, Any]) -> InvocationLost | None:
    """What Lambda sent to the destination on failure (developer guide, "invocation errors"); None for other bodies."""
    request = body.get("requestPayload")
    if not isinstance(request, dict):
        return None
    answer = body.get("responsePayload")
    answer = answer if isinstance(answer, dict) else {}
    said = str(answer.get("errorMessage", "no reason given"))[:1_000]
    killed = answer.get("errorType") == "Runtime.ExitError" and "signal: killed" in said
    handle = str((body.get("requestContext") or {}).get("requestId") or "")
    return InvocationLost(handle=handle, request=request, killed=killed, message=f"the function ended: {said}")


def lost_invocation(body: dict[str, Any]) -> tuple[str, ChunkLost] | None:
    """The run and the lost chunk of a message that Lambda sent to the destination on failure; None for other bodies.

    With several attempts in a sandbox that was killed, the chunk is only lost and each will run alone.
    """
    lost = invocation_lost(body)
    if lost is None:
        return None
    try:
        assignment = read_assignment(lost.request)
    except BadAssignment:
        return None
    failure = "out_of_memory" if lost.killed and assignment.size == 1 else "lost"
    return assignment.run, ChunkLost(chunk=assignment.chunk, failure=failure, message=lost.message, handle=lost.handle)
