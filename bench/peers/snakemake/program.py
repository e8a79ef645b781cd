"""Snakemake: a rule for each kind of task, a shell for each task, a touched file as its output; two cores."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

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

if __name__ == "__main__":
    written = {"fan": FAN, "chain": CHAIN, "layered": LAYERED}[sys.argv[1]]
    Path("Snakefile").write_text(written.format(*sys.argv[2:]))
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--quiet", "all", "--nolock"]
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=2)
    print(time.perf_counter() - begun)
