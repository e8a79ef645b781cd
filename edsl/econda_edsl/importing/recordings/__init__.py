"""Recorded runs of other systems, replayed."""
