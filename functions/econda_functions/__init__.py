"""The deployed functions, wiring only: one module each, with a `handler`, and `job`, the program of a Batch job."""
