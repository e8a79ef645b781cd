"""Snakemake: a rule for each kind of task, a shell for each task, a touched file as its output; two cores."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from snakemake.api import SnakemakeApi
from snakemake.settings.enums import Quietness
from snakemake.settings.types import ExecutionSettings, OutputSettings, ResourceSettings

FAN = """
rule all:
    input: expand("out/{{i}}", i=range({0}))

rule noop:
    output: touch("out/{{i}}")
    shell: "true"
"""
CHAIN = """
rule all:
    input: "out/{0}"

rule begin:
    output: touch("out/1")
    shell: "true"

rule noop:
    input: lambda wildcards: f"out/{{int(wildcards.i) - 1}}"
    output: touch("out/{{i}}")
    wildcard_constraints: i="[2-9]|[1-9][0-9]+"
    shell: "true"
"""
LAYERED = """
rule all:
    input: expand("out/{0}/{{i}}", i=range({1}))

rule noop:
    input: lambda wildcards: expand(f"out/{{int(wildcards.layer) - 1}}/{{{{i}}}}", i=range({1})) if wildcards.layer != "1" else []
    output: touch("out/{{layer}}/{{i}}")
    shell: "true"
"""

QUIET = OutputSettings(quiet={Quietness.ALL})

if __name__ == "__main__":
    written = {"fan": FAN, "chain": CHAIN, "layered": LAYERED}[sys.argv[1]]
    snakefile = Path("Snakefile")
    snakefile.write_text(written.format(*sys.argv[2:]))
    begun = time.perf_counter()
    with SnakemakeApi(QUIET) as api:
        workflow = api.workflow(ResourceSettings(cores=2), snakefile=snakefile)
        workflow.dag().execute_workflow(execution_settings=ExecutionSettings(lock=False))
    print(time.perf_counter() - begun)
