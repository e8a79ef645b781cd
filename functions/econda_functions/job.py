"""job: the program of a Batch job, `python -m econda_functions.job`: the worker, told by Batch's own variables.

Ends well once its reports are taken, whatever the attempts did; otherwise Batch tells that the job failed.
"""

from __future__ import annotations

import os
import sys

from econda_cloud.worker.__main__ import main as work

ASSIGNMENT = "ECONDA_ASSIGNMENT"


def main() -> int:
    index = os.environ.get("AWS_BATCH_JOB_ARRAY_INDEX")
    options = ["--variable", ASSIGNMENT, "--look-first", "--handle", os.environ.get("AWS_BATCH_JOB_ID", "")]
    return work([*options, *(["--index", index] if index is not None else [])])


if __name__ == "__main__":
    sys.exit(main())
