"""The same program applied to an emulator in this process: no Pulumi command line, login or telemetry."""

from econda_infra.apply.applier import NotApplied, Report
from econda_infra.apply.team import destroy, up

__all__ = ["NotApplied", "Report", "destroy", "up"]
