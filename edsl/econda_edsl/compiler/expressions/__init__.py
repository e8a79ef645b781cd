"""Expressions: their types, their constant values, their form in the plan."""
