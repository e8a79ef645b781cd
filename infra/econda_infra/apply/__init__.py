"""The same program applied to an emulator in this process: no Pulumi command line, login or telemetry."""

from econda_infra.apply.applier import NotApplied, Report
from econda_infra.apply.team import HoldsData, destroy, up

__all__ = ["HoldsData", "NotApplied", "Report", "destroy", "up"]
