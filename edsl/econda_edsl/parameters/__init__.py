"""Parameters of a run: what was given, wherever it stands, made typed and checked."""
