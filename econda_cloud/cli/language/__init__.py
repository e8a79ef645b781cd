"""Commands about pipeline files."""
