"""The JSON Schema of the plan, generated from the plan's types and committed beside them."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

import msgspec

from econda_edsl.plan.model import PLAN_VERSION, Plan

SCHEMA_FILE = f"schema/plan-{PLAN_VERSION}.json"


def plan_schema() -> dict[str, Any]:
    """The schema, generated now."""
    schema = msgspec.json.schema(Plan)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": f"econda plan {PLAN_VERSION}", **schema}


def plan_schema_text() -> str:
    """The schema as the committed file has it."""
    return json.dumps(plan_schema(), indent=2, sort_keys=True) + "\n"


def committed_schema() -> str:
    """The text of the committed file."""
    return resources.files("econda_edsl.plan").joinpath(SCHEMA_FILE).read_text("utf-8")
