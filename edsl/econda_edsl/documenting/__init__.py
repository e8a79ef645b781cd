"""Pages of pipelines, tasks and types for those who use them: written from docs, comments and signatures."""
