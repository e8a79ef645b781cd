"""The language: text in, diagnostics or a plan out. Imports no cloud SDK."""
