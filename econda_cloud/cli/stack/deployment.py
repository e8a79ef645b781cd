"""Which cloud a deployment goes to."""

from __future__ import annotations

import os

from econda_cloud.cli.output import FAILED, stop
from econda_cloud.cli.runs.places import home_folder


def endpoints() -> dict[str, str]:
    """The variables that lead to the emulator: those of the environment, else of the running local cloud.

    Ends the command if there is neither: a stack on AWS itself is deployed by Pulumi, which keeps its state safe.
    """
    from econda_local.cloud import status

    if os.environ.get("AWS_ENDPOINT_URL"):
        return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    cloud = status(home_folder())
    if cloud is None:
        stop(
            "error: no emulator is running: start one with `econda local up`, or set AWS_ENDPOINT_URL; a stack on AWS"
            " itself is deployed with `pulumi up` in the folder infra/",
            FAILED,
        )
    return cloud.environment()
