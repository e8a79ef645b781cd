"""How what an attempt did comes home: claims, logs, reports, and secrets masked in them."""
