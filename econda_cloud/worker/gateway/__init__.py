"""The worker's side of the gateway: all that a worker knows of the system."""
