"""What a cold worker loads: it needs no engine, no broker and no cloud."""

from __future__ import annotations

import subprocess
import sys

LOADED = """
import sys
import econda_functions.job
print(*(name for name in sys.modules if name.startswith(("econda_cloud.run.", "econda_cloud.place", "boto", "jwt", "econda_adapters"))))
"""


def test_a_worker_loads_nothing_of_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
