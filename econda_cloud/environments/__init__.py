"""Environments of tasks: pins, and the archives that they are installed into."""
