"""The local cloud: AWS emulators without Docker, and a local AWS Batch endpoint."""
