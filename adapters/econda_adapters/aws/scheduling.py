"""The scheduler of a team's stack: the cloud-free scheduler on DynamoDB, S3, SQS, Lambda and Batch."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from econda_adapters.aws.dynamodb_log import DynamoLog
from econda_adapters.aws.effects import AwsEffects
from econda_adapters.aws.s3_blobs import S3Blobs
from econda_adapters.aws.stack import POOLS_KEY, decode_pools
from econda_adapters.clock import now_ms
from econda_cloud.schedule.scheduler import Scheduler
from econda_cloud.schedule.stored_plans import stored_plan
from econda_cloud.wire.events import AnyEvent

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients
    from econda_adapters.aws.stack import Stack


class TeamScheduler:
    """One warm scheduler of a team; any number may run side by side. Raises botocore's `ClientError`."""

    def __init__(self, stack: Stack, clients: Clients) -> None:
        self.blobs = S3Blobs(stack.bucket, clients)
        log = DynamoLog(stack.table, clients, self.blobs)
        pools = decode_pools(self.blobs.get(POOLS_KEY))
        effects = AwsEffects(stack, clients, pools, log, self.blobs)
        self._scheduler = Scheduler(
            log, stack.team, lambda namespace, run: stored_plan(self.blobs, namespace, run), effects, self.blobs
        )
        self._scheduler.declare(pools.pools, now_ms())
        self._board = effects.board

    def take(self, run: str, events: Iterable[AnyEvent], *, again: bool) -> None:
        """Take events of a run; `again` if one of their messages was delivered before, perhaps to one who died.

        Raises `UnknownRun`.
        """
        now = now_ms()
        changed = self._scheduler.take(run, events, now)
        if again:
            changed |= self._scheduler.repeat(run, now)
        for name in changed:
            state = self._scheduler.state(name)
            # The last status of a run is written when it ends, as one of its effects.
            if state is not None and state.outcome is None:
                self._board.show(state, self._scheduler.seq(name))
