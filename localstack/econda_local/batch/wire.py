"""Requests checked against botocore's own model of Batch, and errors in the form boto3 reads."""

from __future__ import annotations

from typing import Any

import botocore.session
from botocore.model import OperationModel
from botocore.validate import ParamValidator

from econda_local.batch.refusal import Refused


class Contract:
    """The service model: which operations exist, at which path, with which members."""

    def __init__(self) -> None:
        # Any: botocore's cached properties have no types of their own.
        self._model: Any = botocore.session.get_session().get_service_model("batch")
        self._paths = {
            operation.http["requestUri"]: operation for operation in map(self.operation, self._model.operation_names)
        }

    def operation(self, name: str) -> OperationModel:
        return self._model.operation_model(name)

    def at(self, path: str) -> OperationModel:
        """The operation behind a path such as /v1/submitjob. Raises Refused when Batch has none there."""
        if path not in self._paths:
            raise Refused(f"Batch has no operation at {path}")
        return self._paths[path]

    def check(self, operation: OperationModel, request: Any) -> dict[str, Any]:
        """Return the request, or raise Refused with every member that is missing, unknown or of a wrong type."""
        shape: Any = operation.input_shape
        assert shape is not None, operation.name
        report = ParamValidator().validate(request, shape)
        if report.has_errors():
            raise Refused(f"Error executing request, Exception : {report.generate_report()}")
        problem = _enumeration(shape, request, str(operation.name))
        if problem is not None:
            raise Refused(f"Error executing request, Exception : {problem}")
        return request


def _enumeration(shape: Any, value: Any, where: str) -> str | None:
    """botocore leaves enumerations to the service, so they are checked here; the first problem is told."""
    allowed = getattr(shape, "enum", None)
    if allowed and value not in allowed:
        return f"{where}: {value!r} is not one of {', '.join(allowed)}"
    if shape.type_name == "structure":
        members = ((shape.members[name], item, f"{where}.{name}") for name, item in value.items())
    elif shape.type_name == "list":
        members = ((shape.member, item, f"{where}[{n}]") for n, item in enumerate(value))
    elif shape.type_name == "map":
        members = ((shape.value, item, f"{where}.{name}") for name, item in value.items())
    else:
        return None
    return next((problem for part in members if (problem := _enumeration(*part)) is not None), None)
