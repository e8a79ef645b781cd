"""Job definitions of tasks that bring an image: the team's own definition with that image instead.

Batch takes an image from the definition only, never from a submission. The image must have econda's worker in it
(`pip install econda-cloud`), because what runs is still the worker.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients

COPIED = ("type", "containerProperties", "platformCapabilities", "retryStrategy", "timeout")


class Definitions:
    """Finds definitions, and registers what is missing. Raises botocore's `ClientError`."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients
        self._known: dict[tuple[str, str], str] = {}

    def of(self, base: str, image: str | None) -> str:
        """The definition for tasks with this image; `base` for those without."""
        if image is None:
            return base
        if (base, image) not in self._known:
            self._known[base, image] = self._made(base, image)
        return self._known[base, image]

    def knows(self, base: str, image: str | None) -> bool:
        """Whether `of` would answer from memory."""
        return (base, image) in self._known

    def forget(self, base: str, image: str | None) -> None:
        self._known.pop((base, image or ""), None)

    def _made(self, base: str, image: str) -> str:
        pattern = self._newest(base)
        if pattern is None:
            raise LookupError(f"the job definition {base} is gone; deploy the stack again")
        # A new revision of the team's own definition is a new pattern for all of these.
        identity = hashlib.sha256(f"{pattern['revision']} {image}".encode()).hexdigest()
        name = f"{base}-{identity[:12]}"
        if self._newest(name) is None:
            self._register(name, pattern, image)
        return name

    def _newest(self, name: str) -> dict[str, Any] | None:
        found = self._clients("batch").describe_job_definitions(jobDefinitionName=name, status="ACTIVE")
        return max(found["jobDefinitions"], key=lambda each: each["revision"], default=None)

    def _register(self, name: str, pattern: dict[str, Any], image: str) -> None:
        """Twice at once makes two revisions that say the same."""
        copy = {member: pattern[member] for member in COPIED if pattern.get(member)}
        copy["containerProperties"] = {**copy["containerProperties"], "image": image}
        self._clients("batch").register_job_definition(jobDefinitionName=name, **copy)
