"""The pins of ministack's environment: exact, hashed, and free of any index's address."""

from __future__ import annotations

import re

from econda_local.ministack.environment import PINS


def test_every_requirement_is_pinned_and_hashed() -> None:
    lines = PINS.read_text().replace("\\\n", " ").splitlines()
    requirements = [line for line in lines if line and not line.lstrip().startswith("#")]
    assert any(line.startswith("ministack==1.5.33 ") for line in requirements)
    assert all(re.match(r"[a-z0-9.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line) for line in requirements)


def test_no_index_is_named() -> None:
    assert not re.search(r"https?://|--index|--extra-index", PINS.read_text())
