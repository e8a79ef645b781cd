"""What a cold worker loads: most run their chunk, report and need neither engine nor broker."""

from __future__ import annotations

import subprocess
import sys

LOADED = """
import sys
import econda_adapters.aws.worker
print(*(name for name in sys.modules if name.startswith(("econda_cloud.run.", "econda_cloud.place"))))
"""


def test_a_worker_that_does_not_go_on_by_itself_loads_no_engine() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
