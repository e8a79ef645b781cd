"""How what an attempt did comes home: logs, reports, and secrets masked in them."""
