"""Functions, what feeds them, where their failures go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from econda_adapters.aws.clients import Clients

from econda_infra.apply.kind import Inputs, Kind, Made, put


def _create(clients: Clients, inputs: Inputs) -> Made:
    tenancy = inputs.get("tenancyConfig")
    answer = clients("lambda").create_function(
        **_configuration(inputs),
        **({"TenancyConfig": {"TenantIsolationMode": tenancy["tenantIsolationMode"]}} if tenancy else {}),
        Architectures=inputs["architectures"],
        Code={"ZipFile": _code(inputs)},
    )
    _reserve(clients, inputs)
    return Made(inputs["name"], {"arn": answer["FunctionArn"]})


def _update(clients: Clients, made: Made, inputs: Inputs) -> Made:
    client = clients("lambda")
    client.update_function_configuration(**_configuration(inputs))
    client.update_function_code(FunctionName=made.id, ZipFile=_code(inputs))
    _reserve(clients, inputs)
    return made


def _reserve(clients: Clients, inputs: Inputs) -> None:
    if inputs.get("reservedConcurrentExecutions") is not None:
        clients("lambda").put_function_concurrency(
            FunctionName=inputs["name"], ReservedConcurrentExecutions=int(inputs["reservedConcurrentExecutions"])
        )


def _delete(clients: Clients, made: Made) -> None:
    clients("lambda").delete_function(FunctionName=made.id)


def _configuration(inputs: Inputs) -> dict[str, Any]:
    return {
        "FunctionName": inputs["name"],
        "Role": inputs["role"],
        "Handler": inputs["handler"],
        "Runtime": inputs["runtime"],
        "MemorySize": int(inputs["memorySize"]),
        "Timeout": int(inputs["timeout"]),
        "EphemeralStorage": {"Size": int(inputs["ephemeralStorage"]["size"])},
        "Environment": {"Variables": inputs["environment"]["variables"]},
        "TracingConfig": {"Mode": inputs["tracingConfig"]["mode"]},
    }


def _code(inputs: Inputs) -> bytes:
    return Path(inputs["code"].path).read_bytes()


def _feed(clients: Clients, inputs: Inputs) -> Made:
    members = {"EventSourceArn": inputs["eventSourceArn"], "FunctionName": inputs["functionName"]}
    answer = clients("lambda").create_event_source_mapping(**members, **_feeding(inputs))
    return Made(answer["UUID"], {"uuid": answer["UUID"]})


def _feed_differently(clients: Clients, made: Made, inputs: Inputs) -> Made:
    clients("lambda").update_event_source_mapping(UUID=made.id, FunctionName=inputs["functionName"], **_feeding(inputs))
    return made


def _feeding(inputs: Inputs) -> dict[str, Any]:
    return {
        "BatchSize": int(inputs["batchSize"]),
        "MaximumBatchingWindowInSeconds": int(inputs["maximumBatchingWindowInSeconds"]),
        "FunctionResponseTypes": inputs["functionResponseTypes"],
        "ScalingConfig": {"MaximumConcurrency": int(inputs["scalingConfig"]["maximumConcurrency"])},
    }


def _stop_feeding(clients: Clients, made: Made) -> None:
    clients("lambda").delete_event_source_mapping(UUID=made.id)


def _invoke_config(clients: Clients, inputs: Inputs) -> Made:
    name = inputs["functionName"]
    destination = inputs["destinationConfig"]["onFailure"]["destination"]
    clients("lambda").put_function_event_invoke_config(
        FunctionName=name,
        MaximumRetryAttempts=int(inputs["maximumRetryAttempts"]),
        MaximumEventAgeInSeconds=int(inputs["maximumEventAgeInSeconds"]),
        DestinationConfig={"OnFailure": {"Destination": destination}},
    )
    return Made(name, {})


def _delete_invoke_config(clients: Clients, made: Made) -> None:
    clients("lambda").delete_function_event_invoke_config(FunctionName=made.id)


def _permit(clients: Clients, inputs: Inputs) -> Made:
    function, statement = inputs["function"], inputs["statementId"]
    further = {
        "SourceArn": inputs.get("sourceArn"),
        "FunctionUrlAuthType": inputs.get("functionUrlAuthType"),
        "InvokedViaFunctionUrl": inputs.get("invokedViaFunctionUrl"),
    }
    clients("lambda").add_permission(
        FunctionName=function,
        StatementId=statement,
        Action=inputs["action"],
        Principal=inputs["principal"],
        **{name: value for name, value in further.items() if value is not None},
    )
    return Made(f"{function}/{statement}", {})


def _forbid(clients: Clients, made: Made) -> None:
    function, _, statement = made.id.partition("/")
    clients("lambda").remove_permission(FunctionName=function, StatementId=statement)


def _address(clients: Clients, inputs: Inputs) -> Made:
    name = inputs["functionName"]
    made = clients("lambda").create_function_url_config(FunctionName=name, AuthType=inputs["authorizationType"])
    return Made(name, {"functionUrl": made["FunctionUrl"]})


def _unaddress(clients: Clients, made: Made) -> None:
    clients("lambda").delete_function_url_config(FunctionName=made.id)


KINDS = {
    "aws:lambda/functionUrl:FunctionUrl": Kind(_address, _unaddress),
    "aws:lambda/function:Function": Kind(_create, _delete, _update),
    "aws:lambda/eventSourceMapping:EventSourceMapping": Kind(_feed, _stop_feeding, _feed_differently),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": put(_invoke_config, _delete_invoke_config),
    "aws:lambda/permission:Permission": Kind(_permit, _forbid),
}
