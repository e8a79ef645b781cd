"""The program of a team's stack under Pulumi's mocks: nothing is made, everything is written down."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from econda_adapters.aws.clients import Clients
from econda_infra.apply.applier import Applier
from econda_infra.apply.kind import Made
from econda_infra.apply.program import run
from econda_infra.apply.saved import Resources
from econda_infra.packaging import KINDS, Archive
from econda_infra.settings import Settings
from econda_infra.team import TeamStack

ACCOUNT, REGION = "123456789012", "us-east-1"


@dataclass
class Program:
    """What a run of the program asked for: inputs by type and name."""

    resources: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    members: dict[str, str] = field(default_factory=dict)

    def of(self, kind: str) -> dict[str, dict[str, Any]]:
        """Inputs by name of all resources whose type ends with `:kind`."""
        return {name: inputs for (type_, name), inputs in self.resources.items() if type_.endswith(f":{kind}")}

    def policies(self) -> dict[str, list[dict[str, Any]]]:
        """The statements of each role, by the role's name."""
        found = {name: json.loads(inputs["policy"])["Statement"] for name, inputs in self.of("RolePolicy").items()}
        assert found
        return found


class Recorder(Applier):
    def __init__(self, program: Program, folder: Path) -> None:
        super().__init__(Clients({}), Resources(folder / "resources.json", "nowhere"), lambda _, __: None)
        self._program, self._guard = program, Lock()

    def apply(self, urn: str, type_: str, name: str, inputs: dict[str, Any]) -> Made:
        del urn
        with self._guard:
            assert (type_, name) not in self._program.resources
            self._program.resources[type_, name] = inputs
        kind = type_.rpartition(":")[2].lower()
        addresses = {
            "url": f"https://queues/{name}",
            "functionUrl": f"https://function-urls/{name}",
            "latestVersion": 3,
        }
        return Made(name, {"arn": f"arn:aws:{kind}:{REGION}:{ACCOUNT}:{name}", **addresses})


def recorded(settings: Settings, folder: Path) -> Program:
    (folder / "code.zip").write_bytes(b"code")
    archive = Archive(path=folder / "code.zip", digest="d")
    program = Program()

    def make() -> None:
        team = TeamStack(settings, dict.fromkeys(KINDS, archive))
        team.members.apply(program.members.update)

    run(settings.team, make, Recorder(program, folder))
    return program
