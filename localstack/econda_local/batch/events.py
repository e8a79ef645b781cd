"""Publishes every change of a job's state to the event bus: in order, and again until the bus has taken it."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections import deque
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

LOGGER = logging.getLogger("econda_local.batch.events")

BATCH = 10  # entries in one PutEvents
MOST_BYTES = 200_000  # of detail in one PutEvents, whose limit is 256 KiB
LONGEST_PAUSE = 5.0  # seconds between two tries
REFUSED_FOR_GOOD = "NotAuthorizedForSourceException"


class Publisher:
    """Sends to the default event bus at `endpoint_url`.

    Only AWS itself may publish a source that begins with `aws.`: `token` tells the emulator that this is the service.
    """

    def __init__(self, endpoint_url: str, region: str, token: str | None) -> None:
        config = Config(retries={"max_attempts": 1}, connect_timeout=2, read_timeout=10)
        self._client = boto3.client("events", endpoint_url=endpoint_url, region_name=region, config=config)
        self._token = token
        self._waiting: deque[dict[str, Any]] = deque()
        self._some = asyncio.Event()

    def changed(self, detail: dict[str, Any]) -> None:
        """Queue the state change that `detail`, a DescribeJobs answer, shows."""
        entry: dict[str, Any] = {
            "Source": "aws.batch",
            "DetailType": "Batch Job State Change",
            "Detail": json.dumps(detail),
            "Resources": [detail["jobArn"]],
            "Time": time.time(),
        }
        if self._token is not None:
            entry["TraceHeader"] = self._token
        self._waiting.append(entry)
        self._some.set()

    async def run(self) -> None:
        """Publish until cancelled."""
        pause = 0.05
        while True:
            await self._some.wait()
            taken = await asyncio.to_thread(self._put, self._next())
            for _ in range(taken):
                self._waiting.popleft()
            if not self._waiting:
                self._some.clear()
            pause = 0.05 if taken else min(pause * 2, LONGEST_PAUSE)
            if not taken:
                await asyncio.sleep(pause)

    async def flush(self, seconds: float) -> None:
        """Give what waits a last chance of so many seconds while `run` still runs."""
        end = time.monotonic() + seconds
        while self._waiting and time.monotonic() < end:
            await asyncio.sleep(0.02)

    def _next(self) -> list[dict[str, Any]]:
        chosen: list[dict[str, Any]] = []
        size = 0
        for entry in self._waiting:
            size += len(entry["Detail"])
            if chosen and (len(chosen) == BATCH or size > MOST_BYTES):
                break
            chosen.append(entry)
        return chosen

    def _put(self, entries: list[dict[str, Any]]) -> int:
        """How many entries, from the first on, are dealt with. Those after a failed one are sent again with it, so a
        job's events stay in order at the price of a duplicate, which EventBridge may produce anyway."""
        try:
            answered = self._client.put_events(Entries=entries)["Entries"]
        except (BotoCoreError, ClientError) as problem:
            LOGGER.warning("the event bus does not take events: %s", problem)
            return 0
        for position, entry in enumerate(answered):
            code = entry.get("ErrorCode")
            if code == REFUSED_FOR_GOOD:
                LOGGER.error("the event bus refuses the source aws.batch: an event is lost")
            elif code is not None:
                LOGGER.warning("the event bus failed with %s", code)
                return position
        return len(entries)
