"""The processes that run attempts, what they see and what limits them."""
