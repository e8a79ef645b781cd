"""Where outputs are published: what the compiler and a run ask alike of such a place."""
