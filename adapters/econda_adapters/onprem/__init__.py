"""Pools of machines that the team owns."""
