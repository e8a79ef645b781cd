"""job: the program of a Batch job, `python -m econda_functions.job`: runs one chunk, or one member of an array.

Ends well once its reports are sent, whatever the attempts did; otherwise Batch tells that the job failed. A host
that is taken away sends SIGTERM first: the attempt then saves its checkpoint and reports itself preempted.
"""

from __future__ import annotations

import json
import os
import signal
import sys

from econda_functions.team import team


def main() -> int:
    from econda_adapters.aws.assignment import decode_assignment
    from econda_adapters.aws.batch_pool import ASSIGNMENT
    from econda_adapters.aws.worker import Occasion, Worker

    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
    array_index = os.environ.get("AWS_BATCH_JOB_ARRAY_INDEX")
    # Attempts must not see it.
    assignment = decode_assignment(json.loads(os.environ.pop(ASSIGNMENT)))
    worker = Worker(team().stack, team().clients)
    try:
        worker.work(
            assignment,
            Occasion(
                index=int(array_index) if array_index is not None else None,
                stopping=lambda: bool(stopped),
                look_first=True,
            ),
        )
    finally:
        worker.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
