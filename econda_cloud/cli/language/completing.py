"""Names that a shell completes: of what a pipeline file has. An error completes nothing."""

from __future__ import annotations

from pathlib import Path

from econda_cloud.cli.language.source import compile_file


def parameters(file: object, start: str) -> list[str]:
    """`NAME=` for each parameter of the pipeline in the file."""
    if "=" in start or not file:
        return []
    try:
        plan = compile_file(Path(str(file)), None)[0].plan
        return [f"{name}=" for name in plan.params if name.startswith(start)] if plan else []
    except Exception:
        return []
