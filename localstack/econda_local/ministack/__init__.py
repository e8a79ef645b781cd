"""ministack, the AWS emulator: installed apart from the project's own packages, started as a process of its own."""

from econda_local.ministack.environment import InstallationFailed, python
from econda_local.ministack.start import saved_moment, start

__all__ = ["InstallationFailed", "python", "saved_moment", "start"]
