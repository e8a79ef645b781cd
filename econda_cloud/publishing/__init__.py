"""Outputs of runs as files that people and other programs open, on this machine or elsewhere."""
