"""Advice on programs that are right: each rule in a file of its own under `rules`."""
