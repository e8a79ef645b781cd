"""A queue of SQS."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from econda_cloud.ports.queue import Message

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients

BATCH_MOST = 10
BATCH_BYTES = 250_000
"""What one SendMessageBatch carries: 10 messages and, on the safe side of SQS's limit, this many bytes together."""


FIFO = ".fifo"
"""How the names of grouped queues end."""

GROUP_MOST = 128
"""Characters of a message group's name."""


class NotSent(OSError):
    """SQS took some messages of a batch and refused others."""


class SqsQueue:
    """Raises botocore's `ClientError`; `NotSent` if SQS refuses a message of a batch. Only a FIFO queue heeds groups."""

    def __init__(self, url: str, clients: Clients) -> None:
        self.url, self._clients = url, clients

    @property
    def _sqs(self) -> Any:
        return self._clients("sqs")

    def send(
        self,
        bodies: Sequence[str],
        *,
        delay_s: int = 0,
        attributes: Mapping[str, str] | None = None,
        group: str = "",
    ) -> None:
        about = {name: {"DataType": "String", "StringValue": text} for name, text in (attributes or {}).items()}
        common: dict[str, Any] = {"MessageAttributes": about} if about else {}
        group = group if self.url.endswith(FIFO) else ""
        if not group:
            common["DelaySeconds"] = delay_s
        self._send([(group, body) for body in bodies], common)

    def send_grouped(self, messages: Sequence[tuple[str, str]]) -> None:
        self._send(messages, {})

    def _send(self, messages: Sequence[tuple[str, str]], common: dict[str, Any]) -> None:
        for batch in _batches(messages):
            entries = [{"MessageBody": body, **common, **_grouped(body, group)} for group, body in batch]
            if len(entries) == 1:
                self._sqs.send_message(QueueUrl=self.url, **entries[0])
                continue
            numbered = [{"Id": str(n), **entry} for n, entry in enumerate(entries)]
            failed = self._sqs.send_message_batch(QueueUrl=self.url, Entries=numbered).get("Failed", [])
            if failed:
                raise NotSent(f"{len(failed)} of {len(batch)} messages refused: {failed[0].get('Message', '')}")

    def receive(self, *, visibility_s: int = 30) -> list[Message]:
        answer = self._sqs.receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=BATCH_MOST,
            VisibilityTimeout=visibility_s,
            MessageAttributeNames=["All"],
        )
        return [
            Message(
                each["Body"],
                each["ReceiptHandle"],
                {name: value.get("StringValue", "") for name, value in each.get("MessageAttributes", {}).items()},
            )
            for each in answer.get("Messages", [])
        ]

    def hide(self, receipt: str, seconds: int) -> None:
        """Let a message in hand come again after so many seconds, from now."""
        self._sqs.change_message_visibility(QueueUrl=self.url, ReceiptHandle=receipt, VisibilityTimeout=seconds)

    def delete(self, message: Message) -> None:
        self._sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message.receipt)


def _grouped(body: str, group: str) -> dict[str, str]:
    """The group of a message and its identity: SQS takes the same body once in five minutes."""
    if not group:
        return {}
    return {"MessageGroupId": group_id(group), "MessageDeduplicationId": hashlib.sha256(body.encode()).hexdigest()}


def group_id(group: str) -> str:
    """A group's name as SQS takes it: 128 letters, digits and punctuation at most."""
    plain = group.isascii() and group.isprintable() and " " not in group and len(group) <= GROUP_MOST
    return group if plain else hashlib.sha256(group.encode()).hexdigest()


def _batches(messages: Sequence[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    batches: list[list[tuple[str, str]]] = []
    size = 0
    for message in messages:
        length = len(message[1].encode())
        if not batches or len(batches[-1]) == BATCH_MOST or size + length > BATCH_BYTES:
            batches.append([])
            size = 0
        batches[-1].append(message)
        size += length
    return batches
