"""What run, broker, workers and adapters tell each other, and where things lie: the ground that all of them share."""
