"""A checked program to a plan."""
