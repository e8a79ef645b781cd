"""One short module per deployed function: wiring only."""
