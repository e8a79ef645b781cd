"""Where data that others have collected lies: tests read it, and skip with a reason where it is not."""

from __future__ import annotations

import os
from pathlib import Path

DATA = Path(os.environ.get("ECONDA_DATA") or Path(__file__).parents[2] / "shared" / "data")
