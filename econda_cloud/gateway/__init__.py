"""The gateway: all that workers can ask of the system, each with the token of its chunk."""
