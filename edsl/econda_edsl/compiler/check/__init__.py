"""Declarations checked: settings, needs, ranges, pools, policies, what a task runs."""
