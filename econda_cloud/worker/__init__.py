"""The worker: runs chunks of attempts, anywhere that Python and a way to the gateway are.

`python -m econda_cloud.worker` is its program and `work.Worker` what it does; `run_chunk` runs a chunk whose stores are at
hand, as embedded runs have them. It needs no cloud's packages, no engine and no broker.
"""
