"""Pulumi components of one team's stack, and how they are applied to an emulator."""
