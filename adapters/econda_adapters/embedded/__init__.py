"""Everything on one laptop: SQLite, directories and processes."""
