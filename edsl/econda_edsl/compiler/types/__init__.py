"""Types: what they are, what operators and functions make of them."""
