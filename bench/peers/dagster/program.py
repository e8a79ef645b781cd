"""Dagster: a job of ops in one process, its event log and its outputs in SQLite and files below $DAGSTER_HOME."""

from __future__ import annotations

import sys
import time

from dagster import DagsterInstance, DynamicOut, DynamicOutput, JobDefinition, job, op


@op
def noop(x: int) -> int:
    return x + 1


@op
def joined(before: list[int]) -> int:
    return len(before)


@op
def begin() -> int:
    return 0


def fan(width: int) -> JobDefinition:
    @op(out=DynamicOut(int))
    def numbers():
        for i in range(width):
            yield DynamicOutput(i, mapping_key=str(i))

    @job
    def fan_of_ops():
        numbers().map(noop)

    return fan_of_ops


def chain(length: int) -> JobDefinition:
    @job
    def chain_of_ops():
        x = begin()
        for i in range(length):
            x = noop.alias(f"noop_{i}")(x)

    return chain_of_ops


def layered(layers: int, width: int) -> JobDefinition:
    @job
    def layers_of_ops():
        x = begin()
        for layer in range(layers):
            x = joined.alias(f"joined_{layer}")([noop.alias(f"noop_{layer}_{i}")(x) for i in range(width)])

    return layers_of_ops


QUIET = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}

if __name__ == "__main__":
    shape = {"fan": fan, "chain": chain, "layered": layered}[sys.argv[1]]
    made = shape(*[int(size) for size in sys.argv[2:]])
    with DagsterInstance.get() as instance:
        begun = time.perf_counter()
        assert made.execute_in_process(instance=instance, run_config=QUIET).success
        print(time.perf_counter() - begun)
