"""The worker: runs attempts anywhere and reports.

`spec` is what it is handed, `chunk.run_chunk` runs it on warm `processes.HostPool` hosts.
"""
