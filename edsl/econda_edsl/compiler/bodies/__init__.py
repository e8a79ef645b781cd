"""The code of tasks: what can be known of it without running it, and where in the pipeline's file it stands."""
