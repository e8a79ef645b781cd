"""Ports: what the system asks of the outside, each with an in-memory twin."""
