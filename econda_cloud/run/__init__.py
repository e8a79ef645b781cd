"""The run engine: a pure state machine that walks one plan."""
