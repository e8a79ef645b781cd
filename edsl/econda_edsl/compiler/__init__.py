"""Text in, diagnostics or a plan out: a room for each phase. What runs plans imports nothing of it."""
