"""A virtual cloud: time, chance, queues, stores and processes that everything can be lived through in, from one seed."""
