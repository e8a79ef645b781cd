"""Attempts as containers, where a Docker daemon answers."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping

from econda_local.batch.model import MILLI, Resources

PROCESS_IMAGE = "process:"


def docker_answers() -> bool:
    """Whether there is a Docker daemon to run containers with; asked once, at the start of the endpoint."""
    if shutil.which("docker") is None:
        return False
    try:
        return subprocess.run(["docker", "info"], capture_output=True, timeout=10, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def wants_container(image: str, docker: bool) -> bool:
    """An image named `process:<anything>` is always a local process, and so is every image without a daemon."""
    return docker and not image.startswith(PROCESS_IMAGE)


def run_command(
    name: str, image: str, command: tuple[str, ...], environment: Mapping[str, str], resources: Resources
) -> tuple[str, ...]:
    """The `docker run` of an attempt. The host's network is shared: the endpoints listen on its loopback address."""
    variables = [part for pair in environment.items() for part in ("--env", "=".join(pair))]
    limits = ["--memory", f"{resources.memory}m", "--memory-swap", f"{resources.memory}m"]
    limits += ["--cpu-shares", str(max(2, resources.millicpus * 1024 // MILLI))]
    if resources.gpus:
        limits += ["--gpus", str(resources.gpus)]
    return ("docker", "run", "--name", name, "--network", "host", "--init", *limits, *variables, image, *command)


def kill_command(name: str) -> tuple[str, ...]:
    return ("docker", "kill", name)


def remove(name: str) -> bool:
    """Remove an ended container; return whether the kernel killed it for memory."""
    asked = ["docker", "inspect", "--format", "{{.State.OOMKilled}}", name]
    told = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=False)
    return told == "true"
