"""State machines in the Amazon States Language."""
