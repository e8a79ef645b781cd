"""Names: what is declared, what each name refers to, in which order steps come."""
