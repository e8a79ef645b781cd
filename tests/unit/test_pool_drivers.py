"""The registry of pool drivers: every entry is a driver, and a wrong name says which there are."""

from __future__ import annotations

import subprocess
import sys

import pytest
from econda_adapters.aws.clients import Clients
from econda_adapters.pools import DRIVERS, UnknownDriver, pool_driver

from econda_cloud.ports.pool import Capabilities


@pytest.mark.parametrize("name", sorted(DRIVERS))
def test_every_entry_makes_a_driver_that_says_what_it_can_do(name: str) -> None:
    assert isinstance(pool_driver(name, {}, Clients()).capabilities(), Capabilities)


def test_an_unknown_driver_is_named_with_those_there_are() -> None:
    with pytest.raises(UnknownDriver, match=r"`onprem.shh`; there are aws.batch, aws.lambda, onprem.ssh"):
        pool_driver("onprem.shh", {}, Clients())


LOADED = """
import sys
from econda_adapters.aws.clients import Clients
from econda_adapters.pools import pool_driver
pool_driver("aws.lambda", {}, Clients())
print(*(name for name in sys.modules if name in ("asyncssh", "asyncio", "boto3", "botocore", "econda_adapters.onprem")))
"""


def test_a_driver_loads_no_other_and_no_cloud_before_it_is_used() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
