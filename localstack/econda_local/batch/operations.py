"""The operations this endpoint carries out, by their names in the service model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from econda_local.batch import definitions, environments, jobs, queues, submission, tags
from econda_local.batch.account import Account

Operation = Callable[[Account, dict[str, Any]], dict[str, Any]]

OPERATIONS: dict[str, Operation] = {
    "RegisterJobDefinition": definitions.register,
    "DeregisterJobDefinition": definitions.deregister,
    "DescribeJobDefinitions": definitions.describe,
    "CreateComputeEnvironment": environments.create,
    "UpdateComputeEnvironment": environments.update,
    "DeleteComputeEnvironment": environments.delete,
    "DescribeComputeEnvironments": environments.describe,
    "CreateJobQueue": queues.create,
    "UpdateJobQueue": queues.update,
    "DeleteJobQueue": queues.delete,
    "DescribeJobQueues": queues.describe,
    "SubmitJob": submission.submit,
    "DescribeJobs": jobs.describe,
    "ListJobs": jobs.listed,
    "CancelJob": jobs.cancel,
    "TerminateJob": jobs.terminate,
    "TagResource": tags.tag,
    "UntagResource": tags.untag,
    "ListTagsForResource": tags.listed,
}
