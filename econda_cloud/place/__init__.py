"""The broker: a pure state machine that gives waiting attempts a pool."""
