"""`##` comments as readers see them: without those that speak to the linter."""

from __future__ import annotations

import re

ALLOW = re.compile(r"allow:\s*(?P<ids>[a-z][a-z0-9-]*(?:\s*,\s*[a-z][a-z0-9-]*)*)\s*(?:-\s+(?P<reason>\S.*))?$")


def shown(doc: str) -> str:
    """A doc without its `allow: …` lines."""
    return "\n".join(line for line in doc.split("\n") if not ALLOW.match(line.strip())).strip()
