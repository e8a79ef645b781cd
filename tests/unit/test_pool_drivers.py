"""The registry of pool drivers: every entry is a driver, and a wrong name says which there are."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from econda_adapters.aws.clients import Clients
from econda_adapters.onprem.declared import HostsTarget, declared
from econda_adapters.onprem.site import PROGRAM
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


def test_the_target_in_the_readme_is_one() -> None:
    text = (Path(__file__).parents[2] / "adapters" / "README.md").read_text("utf-8")
    example = text.partition("```json\n")[2].partition("```")[0]
    target = declared(msgspec.Raw(example.encode()))
    assert isinstance(target, HostsTarget), target
    assert target.hosts[0].gpu == 4


def test_what_runs_on_a_host_is_python_that_old_hosts_know() -> None:
    tree = ast.parse(PROGRAM, feature_version=(3, 8))
    imported = {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert imported <= sys.stdlib_module_names
