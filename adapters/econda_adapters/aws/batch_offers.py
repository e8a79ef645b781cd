"""What stands behind the offers of aws.batch, as the compute environments of their queues tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from econda_adapters.aws.refusals import why_away
from econda_adapters.aws.stack import QueueTarget
from econda_cloud.money.prices import Price
from econda_cloud.money.snapshot import ec2_price
from econda_cloud.ports.pool import AtMost, Capacity, Unknown

if TYPE_CHECKING:
    from econda_adapters.aws.clients import Clients


class QueueOffers:
    """Asks Batch anew each time: a team's operator may change a compute environment at any moment."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def capacity(self, raw: msgspec.Raw) -> Capacity:
        """All vCPUs that may be started for the queue. Batch tells neither its machines nor what of them is free."""
        try:
            found = self._resources(msgspec.json.decode(raw, type=QueueTarget))
        except Exception as error:
            return Unknown(why_away(error))
        return AtMost(cpu_milli=sum(each["maxvCpus"] for each in found) * 1000)

    def price(self, raw: msgspec.Raw) -> Price:
        """By the hour and machine, from the snapshot of list prices, if the queue starts machines of one type only."""
        try:
            found = self._resources(msgspec.json.decode(raw, type=QueueTarget))
        except Exception:
            return Price(known=False)
        kinds = {(name, each.get("type") == "SPOT") for each in found for name in each.get("instanceTypes") or ()}
        return ec2_price(*kinds.pop()) if len(kinds) == 1 else Price(known=False)

    def _resources(self, target: QueueTarget) -> list[dict[str, Any]]:
        """The compute resources of environments that are in use. Raises `LookupError` for a queue that is gone."""
        batch = self._clients("batch")
        queues = batch.describe_job_queues(jobQueues=[target.queue])["jobQueues"]
        if not queues:
            raise LookupError(f"the job queue {target.queue} is gone; deploy the stack again")
        if queues[0]["state"] != "ENABLED":
            return []
        names = [each["computeEnvironment"] for each in queues[0]["computeEnvironmentOrder"]]
        found = batch.describe_compute_environments(computeEnvironments=names)["computeEnvironments"]
        return [each["computeResources"] for each in found if each["state"] == "ENABLED"]
