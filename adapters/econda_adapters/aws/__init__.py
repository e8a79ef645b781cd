"""AWS: one module per service."""
