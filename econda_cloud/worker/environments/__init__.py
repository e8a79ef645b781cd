"""Environments made from packages, by uv."""
