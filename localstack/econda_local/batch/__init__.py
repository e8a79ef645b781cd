"""A local AWS Batch: the real wire protocol, every attempt an operating-system process."""
