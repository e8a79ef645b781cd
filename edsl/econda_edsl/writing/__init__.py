"""Programs written by programs: a plain model of EDSL text, and the text of it in the one style."""
