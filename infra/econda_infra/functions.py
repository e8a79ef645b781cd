"""One deployed function with its role and its log."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pulumi
from pulumi_aws import cloudwatch, lambda_, sqs

from econda_infra import names, policies
from econda_infra.packaging import Archive
from econda_infra.roles import RoleWithPolicy
from econda_infra.settings import Settings


class Function(pulumi.ComponentResource):
    """A function of the team. `timeout` in seconds, `memory` and `disk` in MiB; for `facts` see RoleWithPolicy.

    `reserved`: so many invocations at once, kept for it and no more. `per_tenant`: no environment serves two tenants,
    and each invocation names its own; such a function has neither a URL nor a queue.
    """

    def __init__(
        self,
        settings: Settings,
        part: str,
        archive: Archive,
        environment: pulumi.Input[dict[str, str]],
        *,
        handler: str,
        memory: int,
        timeout: int,
        facts: dict[str, pulumi.Input[Any]],
        statements: Callable[..., list[policies.Statement]],
        parent: pulumi.Resource,
        disk: int = 512,
        reserved: int | None = None,
        per_tenant: bool = False,
    ) -> None:
        self.name = names.named(settings.team, part)
        super().__init__("econda:aws:Function", self.name, None, pulumi.ResourceOptions(parent=parent))
        inside = pulumi.ResourceOptions(parent=self)
        log = cloudwatch.LogGroup(
            self.name, name=f"/aws/lambda/{self.name}", retention_in_days=settings.log_days, opts=inside
        )
        role = RoleWithPolicy(
            self.name,
            policies.trust("lambda.amazonaws.com"),
            {"log_arn": log.arn, **facts},
            lambda log_arn, **known: [*policies.writes_logs(log_arn), *statements(**known)],
            self,
        )
        self.function = lambda_.Function(
            self.name,
            name=self.name,
            role=role.arn,
            code=pulumi.FileArchive(str(archive.path)),
            source_code_hash=_code_hash(archive),
            handler=handler,
            runtime=f"python{settings.python}",
            architectures=["x86_64"],
            memory_size=memory,
            timeout=timeout,
            ephemeral_storage={"size": disk},
            environment={"variables": environment},
            tracing_config={"mode": "PassThrough" if settings.emulated else "Active"},
            reserved_concurrent_executions=reserved,
            tenancy_config={"tenant_isolation_mode": "PER_TENANT"} if per_tenant else None,
            opts=inside,
        )
        self.arn = self.function.arn
        self.register_outputs({"arn": self.arn})

    def consume(self, queue: sqs.Queue, *, batch: int, window: int, at_once: int, part: str = "") -> None:
        """Hand it up to `batch` messages of a queue, gathered for up to `window` seconds, `at_once` batches in parallel.

        `part` tells the second queue of a function from its first. Raises ValueError where AWS would refuse: more than 10 messages take a window of at least a second.
        """
        if batch > 10 and window < 1:
            raise ValueError("batches of more than 10 messages need a window of at least 1 second")
        lambda_.EventSourceMapping(
            f"{self.name}-{part}" if part else self.name,
            event_source_arn=queue.arn,
            function_name=self.function.name,
            batch_size=batch,
            maximum_batching_window_in_seconds=window,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config={"maximum_concurrency": at_once},
            opts=pulumi.ResourceOptions(parent=self),
        )

    def url(self) -> pulumi.Output[str]:
        """An address where anybody can call it: it must ask who that is."""
        inside = pulumi.ResourceOptions(parent=self)
        url = lambda_.FunctionUrl(self.name, function_name=self.function.name, authorization_type="NONE", opts=inside)
        # AWS asks for both: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
        lambda_.Permission(
            f"{self.name}-url",
            statement_id="url",
            action="lambda:InvokeFunctionUrl",
            function=self.function.name,
            principal="*",
            function_url_auth_type="NONE",
            opts=inside,
        )
        lambda_.Permission(
            f"{self.name}-by-url",
            statement_id="by-url",
            action="lambda:InvokeFunction",
            function=self.function.name,
            principal="*",
            invoked_via_function_url=True,
            opts=inside,
        )
        return url.function_url

    def on_failure(self, queue: sqs.Queue, *, retries: int, waits: int) -> None:
        """Where an asynchronous invocation goes when it failed `retries` + 1 times, or waited for `waits` seconds."""
        lambda_.FunctionEventInvokeConfig(
            self.name,
            function_name=self.function.name,
            maximum_retry_attempts=retries,
            maximum_event_age_in_seconds=waits,
            destination_config={"on_failure": {"destination": queue.arn}},
            opts=pulumi.ResourceOptions(parent=self),
        )


def _code_hash(archive: Archive) -> str:
    """As AWS reports it for deployed code."""
    return base64.b64encode(hashlib.sha256(archive.path.read_bytes()).digest()).decode()
