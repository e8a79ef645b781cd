"""What an attempt is given and gives back: artifacts, typed values, checkpoints, state of operators."""
