"""For all tests."""

from __future__ import annotations

import os

import pytest

from tests.waiting import Until, wait

NEVER_SKIPPED = ("emulator", "component")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item):
    """Where CI says so, a test of an emulator or a component that is skipped has failed: it proved nothing."""
    report = yield
    marked = any(item.get_closest_marker(name) for name in NEVER_SKIPPED)
    if report.skipped and marked and os.environ.get("ECONDA_NO_SKIPS") and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be: {report.longrepr}"
    return report


@pytest.fixture
def until() -> Until:
    return wait
