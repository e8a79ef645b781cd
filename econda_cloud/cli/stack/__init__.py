"""Commands about stacks and the local cloud."""
