"""CWL documents."""
