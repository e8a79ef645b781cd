"""What the tools say about a program."""

from __future__ import annotations

from econda_edsl.diagnostics.diagnostic import NOWHERE, Diagnostic, Span, in_source_order

__all__ = ["NOWHERE", "Diagnostic", "Span", "in_source_order"]
