"""Projections of a run's log that people and tools read."""
