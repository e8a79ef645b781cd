"""`python host.py SOCKET_FD`: starts the parent of a worker's processes.

A script is compiled each time that it runs, a module once; so this one is short. Its environment keeps attempts from
writing bytecode beside the files of their bundle; that of the worker's own modules is wanted.
"""

import sys

_before, sys.dont_write_bytecode = sys.dont_write_bytecode, False
from host_server import main  # noqa: E402  # pyright: ignore[reportMissingImports]

sys.dont_write_bytecode = _before
main()
