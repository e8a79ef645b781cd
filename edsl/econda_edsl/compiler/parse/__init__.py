"""Text to syntax: layout, grammar, tables, and why a text does not parse."""
