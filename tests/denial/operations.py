"""Every operation of a service, as botocore's own model of it has it, asked of what was deployed.

Nothing here knows what a policy allows: operations come from the models, resources from the stack.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from botocore.model import Shape, StructureShape

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "403"})
ENOUGH = 4
"""So deep are members filled in that an operation requires."""

Named = dict[str, Any]
"""What stands for a member of a request, by its name: those of the deployed stack."""


def requests(model: Any, named: Named) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each operation with a request that its model takes."""
    for operation in model.operation_names:
        shape = model.operation_model(operation).input_shape
        yield operation, {} if shape is None else _structure(shape, named, 0)


def answer_to(call: Callable[..., Any], request: dict[str, Any]) -> str:
    """The code of the error that AWS answers with, empty if it does what was asked."""
    try:
        call(**request)
    except ClientError as error:
        code = str(error.response["Error"].get("Code"))
        return code if code in DENIED else f"not denied: {code}"
    except BotoCoreError as error:
        return f"never sent: {type(error).__name__}: {error}"
    return ""


def _structure(shape: StructureShape, named: Named, depth: int) -> dict[str, Any]:
    """Required members, and those that name something of the stack: an operation must not be denied for being vague."""
    wanted = [name for name in shape.members if name in shape.required_members or (depth == 0 and name in named)]
    if getattr(shape, "is_tagged_union", False):
        wanted = wanted[:1] or list(shape.members)[:1]
    return {name: _value(shape.members[name], name, named, depth + 1) for name in wanted}


def _value(shape: Shape, name: str, named: Named, depth: int) -> Any:
    if name in named and _fits(shape, named[name]):
        return named[name]
    match shape.type_name:
        case "structure":
            return _structure(shape, named, depth) if depth < ENOUGH else {}  # type: ignore[arg-type]
        case "list":
            return [_value(shape.member, name, named, depth + 1)]  # type: ignore[attr-defined]
        case "map":
            key = _value(shape.key, "", named, depth + 1)  # type: ignore[attr-defined]
            return {key: _value(shape.value, "", named, depth + 1)}  # type: ignore[attr-defined]
        case "string":
            return shape.enum[0] if getattr(shape, "enum", None) else "x" * max(3, int(shape.metadata.get("min", 3)))
        case "integer" | "long":
            return int(shape.metadata.get("min", 1)) or 1
        case "float" | "double":
            return 1.0
        case "boolean":
            return True
        case "timestamp":
            return datetime(2024, 1, 1, tzinfo=UTC)
        case _:
            return b"xxx"


def _fits(shape: Shape, value: Any) -> bool:
    kinds = {"string": str, "structure": dict, "list": list, "map": dict}
    return isinstance(value, kinds.get(shape.type_name, ()))
