"""The scheduler: carries events into the engine and the broker, and their commands out."""
