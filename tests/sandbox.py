"""The worker, as code of a task finds it: the parent of its process's parent, which forks the processes of attempts."""

WORKER = "int(open(f'/proc/{os.getppid()}/stat').read().rpartition(')')[2].split()[1])"
"""An expression for its process id, where `os` is imported."""
