"""The scheduler and the broker of a team's stack: the cloud-free ones on DynamoDB, S3, SQS, Lambda and Batch."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from econda_adapters.aws.dynamodb_log import DynamoLog
from econda_adapters.aws.dynamodb_run_index import DynamoRunIndex
from econda_adapters.aws.effects import AwsBrokerEffects, AwsEffects
from econda_adapters.aws.gateway import team_assigner
from econda_adapters.aws.s3_blobs import S3Blobs
from econda_adapters.aws.side_by_side import side_by_side
from econda_adapters.aws.stack import POOLS_KEY, decode_pools
from econda_cloud.schedule.broker_rounds import BrokerRounds, stored_policy
from econda_cloud.schedule.rounds import Rounds
from econda_cloud.schedule.stored_plans import stored_plan

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients
    from econda_adapters.aws.side_by_side import side_by_side
from econda_adapters.aws.stack import Stack


def team_rounds(stack: Stack, clients: Clients) -> Rounds:
    """One warm scheduler of a team; any number may work side by side. Raises botocore's `ClientError`."""
    blobs = S3Blobs(stack.bucket, clients)
    log = DynamoLog(stack.table, clients, blobs, stack.claims_days)
    pools, assigner = decode_pools(blobs.get(POOLS_KEY)), team_assigner(stack, clients, blobs)
    effects = AwsEffects(stack, clients, pools, log, blobs, assigner)
    index = DynamoRunIndex(stack.table, stack.bucket, clients, stack.runs_days)
    return Rounds(log, partial(stored_plan, blobs), effects, blobs, spread=side_by_side, index=index)


def team_broker(stack: Stack, clients: Clients, now: int) -> BrokerRounds:
    """The broker of a team, which knows the pools that were deployed. Raises botocore's `ClientError`."""
    blobs = S3Blobs(stack.bucket, clients)
    log = DynamoLog(stack.table, clients, blobs, stack.claims_days)
    broker = BrokerRounds(
        log, stack.team, AwsBrokerEffects(stack, clients, blobs), partial(stored_policy, blobs), blobs
    )
    broker.declare(decode_pools(blobs.get(POOLS_KEY)).pools, now)
    return broker
